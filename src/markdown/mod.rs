//! Markdown as the articles of the site are written, to HTML that is safe.
//!
//! The articles were written for Python-Markdown with its extensions
//! `attr_list`, `tables`, `toc`, `fenced_code` and `md_in_html`; `docs/markdown.md`
//! says what is the same here, what is different and what there is beside it. A
//! text takes these steps, in [`render`]:
//!
//! ```text
//!  source      normalise it: line ends, tabs, no control characters
//!  blocks      take fenced code and HTML blocks out of it, then parse paragraphs,
//!              headings, lists, quotes and tables into a tree of elements
//!  inlines     parse what stands in their lines, on comrak's parser, but for emphasis
//!  footnotes   list at the end those that were referred to
//!  raw_html    let no tag of the author's take with it what follows
//!  tasks       make boxes of `[ ]`, in `blocks`
//!  attributes  move `{: .class #id key=value}` onto the elements they follow
//!  headings    give each an id, collect the table of contents
//!  tree        write all of it as HTML
//!  sanitise    drop whatever could run in a reader's browser, finish links and images
//!  summary     count the words, and take the first paragraph for an excerpt
//! ```
//!
//! `complexity` refuses a source, and the HTML that it becomes, that would take a
//! browser, or us, unreasonably long. [`responsive_images`] tells browsers the sizes of
//! those images that are known to the caller.
//!
//! Pure: a text in, HTML out. It depends on no other part of this crate.

mod attributes;
mod blocks;
mod complexity;
mod footnotes;
mod headings;
mod inlines;
mod math;
mod raw_html;
pub mod responsive_images;
mod sanitise;
mod source;
mod summary;
mod tags;
mod tree;
mod warnings;

use footnotes::Footnotes;
use inlines::InlineParser;
use source::Stash;
use tree::Node;
use warnings::Warnings;

pub use summary::{EXCERPT_CHARS, Summary};

/// The version of the renderer: what is stored by a lower one may be rendered to something else now.
/// Goes up with whatever changes the HTML of any text.
pub const VERSION: u32 = 1;

/// What a body is rendered to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The text as HTML.
    pub html: String,
    /// Its headings as nested lists of links in a `div.toc`.
    pub table_of_contents: String,
    /// What of it was left out, a sentence each: what could run, or is not allowed.
    pub warnings: Vec<String>,
    /// How long it is, and what it begins with.
    pub summary: Summary,
    /// The [`VERSION`] that did it; 0 if it was none of ours.
    pub renderer: u32,
}

/// The text has more elements, or nests them deeper, than an article can need.
#[derive(Debug, thiserror::Error)]
#[error("text too complex")]
pub struct TooComplex;

/// Whether an address is one of the web or of the site itself, so that nothing runs where it is followed.
#[must_use]
pub fn is_address_of_web(address: &str) -> bool {
    sanitise::is_address_of_web(address)
}

/// How long a text is, and what it begins with, from what it was rendered to.
#[must_use]
pub fn summary(html: &str) -> Summary {
    summary::of(html)
}

/// How many bytes of memory it takes at most to render `source`.
#[must_use]
pub fn memory(source: &str) -> usize {
    complexity::memory(source)
}

/// Renders `source`. Links that leave `site_base_url` open in a new window.
///
/// # Errors
/// [`TooComplex`] for what would take a browser, or us, unreasonably long.
///
/// # Panics
/// Never: nobody stops it.
pub fn render(source: &str, site_base_url: &str) -> Result<Rendered, TooComplex> {
    let rendered = render_unless(source, site_base_url, || false)?;
    Ok(rendered.expect("nobody stops it"))
}

/// [`render`] which asks now and then whether it is to stop; none if it did.
///
/// # Errors
/// As [`render`].
pub fn render_unless(
    source: &str,
    site_base_url: &str,
    stop: impl Fn() -> bool,
) -> Result<Option<Rendered>, TooComplex> {
    if !complexity::is_reasonable_source(source) {
        return Err(TooComplex);
    }
    let mut stash = Stash::default();
    let source = blocks::fences::extract(&source::normalise(source), &mut stash);
    let source = blocks::html::extract(&source, &mut stash);
    let (document, definitions) = blocks::parse(&source, &stash);
    if stop() {
        return Ok(None);
    }
    let parse_inlines = |nodes: &mut Vec<Node>, footnotes: &mut Footnotes| {
        inlines::parse_all(nodes, &mut InlineParser { stash: &stash, definitions: &definitions, footnotes });
    };
    let mut tree = document.children;
    let mut footnotes = Footnotes::default();
    parse_inlines(&mut tree, &mut footnotes);
    tree.extend(footnotes.list(&definitions, parse_inlines));
    if stop() {
        return Ok(None);
    }
    let mut warnings = Warnings::default();
    raw_html::contain(&mut tree, &mut warnings);
    blocks::tasks::mark(&mut tree);
    attributes::apply(&mut tree);
    let table_of_contents = headings::number(&mut tree);
    let html = tree::to_html(&tree);
    if !complexity::is_reasonable(&html) {
        return Err(TooComplex);
    }
    if stop() {
        return Ok(None);
    }
    let safe = sanitise::article(&html, site_base_url);
    warnings.compare(&html, &safe);
    Ok(Some(Rendered {
        summary: summary::of(&safe),
        html: safe,
        table_of_contents: sanitise::fragment(&table_of_contents),
        warnings: warnings.into_list(),
        renderer: VERSION,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(source: &str) -> String {
        render(source, "https://www.talel.io").unwrap().html
    }

    #[test]
    fn a_long_address_is_not_repeated_without_end() {
        let source = format!("[r]: /{}\n\n{}", "a".repeat(100_000), "[r] ".repeat(500));
        assert!(html(&source).len() < 4 << 20);
    }

    #[test]
    fn footnotes_are_defined_in_each_other_as_deep_as_blocks_nest() {
        let nested = |depth: usize| {
            let definitions: Vec<_> = (1..=depth).map(|number| format!("[^{number}]: ")).collect();
            html(&format!("[^{depth}]\n\n{}innermost", definitions.concat()))
        };
        assert!(nested(40).contains(r#"<li id="fn:40">"#));
        assert!(!nested(41).contains("<li"));
    }

    #[test]
    fn headings_get_ids_and_a_table_of_contents() {
        let rendered =
            render("# A & b\n\n## The *heading*\n\n## The heading\n\n# Åäö\n", "https://www.talel.io").unwrap();
        insta::assert_snapshot!(rendered.html, @r#"
        <h1 id="a-b">A &amp; b</h1>
        <h2 id="the-heading">The <em>heading</em></h2>
        <h2 id="the-heading_1">The heading</h2>
        <h1 id="aao">Åäö</h1>
        "#);
        insta::assert_snapshot!(rendered.table_of_contents, @r##"<div class="toc"><ul><li><a href="#a-b">A &amp; b</a><ul><li><a href="#the-heading">The heading</a></li><li><a href="#the-heading_1">The heading</a></li></ul></li><li><a href="#aao">Åäö</a></li></ul></div>"##);
        assert_eq!(render("no heading", "").unwrap().table_of_contents, r#"<div class="toc"><ul></ul></div>"#);
    }

    #[test]
    fn fenced_code_names_its_language() {
        insta::assert_snapshot!(html("```rust\nlet a = &b < c;\n```\n\n~~~\nplain\n~~~\n\n    indented\n"), @r#"
        <pre><code class="language-rust">let a = &amp;b &lt; c;
        </code></pre>
        <pre><code>plain
        </code></pre>
        <pre><code>indented
        </code></pre>
        "#);
    }

    #[test]
    fn attribute_lists_apply_to_what_they_follow() {
        insta::assert_snapshot!(html(concat!(
            "## Heading {: #own .big }\n\n",
            "A paragraph\nof two lines\n{: .lead data-x=\"a b\" }\n\n",
            "A [link](/a){: .button } and ![alt](/i.png \"t\"){: width=300 }.\n\n",
            "- item {: .first }\n- other\n",
        )), @r#"
        <h2 id="own" class="big">Heading</h2>
        <p class="lead" data-x="a b">A paragraph
        of two lines</p>
        <p>A <a href="/a" class="button">link</a> and <img alt="alt" src="/i.png" title="t" width="300" loading="lazy">.</p>
        <ul>
        <li>item {: .first }</li>
        <li>other</li>
        </ul>
        "#);
    }

    #[test]
    fn galleries_hold_markdown() {
        insta::assert_snapshot!(html(concat!(
            "before\n\n",
            "<div class=\"gallery\" markdown=\"1\">\n![one](/1.png)\n![two](/2.png){: .wide }\n</div>\n\n",
            "after\n",
        )), @r#"
        <p>before</p>
        <div class="gallery">
        <p><img alt="one" src="/1.png" loading="lazy">
        <img alt="two" src="/2.png" class="wide" loading="lazy"></p>
        </div>
        <p>after</p>
        "#);
    }

    #[test]
    fn tables_align_their_columns() {
        insta::assert_snapshot!(html("| a | b |\n|:--|--:|\n| 1 | *2* |\n"), @r#"
        <table>
        <thead>
        <tr>
        <th style="text-align: left;">a</th>
        <th style="text-align: right;">b</th>
        </tr>
        </thead>
        <tbody>
        <tr>
        <td style="text-align: left;">1</td>
        <td style="text-align: right;"><em>2</em></td>
        </tr>
        </tbody>
        </table>
        "#);
    }

    #[test]
    fn links_that_leave_the_site_open_beside_it() {
        insta::assert_snapshot!(html("[out](https://example.com) [in](https://www.talel.io/a) [near](#x) <https://b.se>"), @r##"
        <p><a href="https://example.com" target="_blank" rel="noopener">out</a> <a href="https://www.talel.io/a">in</a> <a href="#x">near</a> <a href="https://b.se" target="_blank" rel="noopener">https://b.se</a></p>
        "##);
    }

    #[test]
    fn footnotes_are_numbered_as_they_are_used_and_listed_at_the_end() {
        insta::assert_snapshot!(html("One[^b], two[^a], one again[^b], none[^c].\n\n[^a]: First.\n[^b]: Second *text*.\n"), @r##"
        <p>One<sup id="fnref:b"><a class="footnote-ref" href="#fn:b">1</a></sup>, two<sup id="fnref:a"><a class="footnote-ref" href="#fn:a">2</a></sup>, one again<sup id="fnref2:b"><a class="footnote-ref" href="#fn:b">1</a></sup>, none[^c].</p>
        <div class="footnote">
        <hr>
        <ol>
        <li id="fn:b">
        <p>Second <em>text</em>.&nbsp;<a class="footnote-backref" href="#fnref:b" title="Jump back to footnote 1 in the text">↩</a>&nbsp;<a class="footnote-backref" href="#fnref2:b" title="Jump back to footnote 1 in the text">↩</a></p>
        </li>
        <li id="fn:a">
        <p>First.&nbsp;<a class="footnote-backref" href="#fnref:a" title="Jump back to footnote 2 in the text">↩</a></p>
        </li>
        </ol>
        </div>
        "##);
    }

    #[test]
    fn items_may_be_tasks_and_text_struck_through() {
        insta::assert_snapshot!(html("- [ ] to do\n- [x] done\n- [y] neither\n\n~~gone~~ and ~5 left~\n"), @r#"
        <ul>
        <li><input type="checkbox" disabled=""> to do</li>
        <li><input type="checkbox" disabled="" checked=""> done</li>
        <li>[y] neither</li>
        </ul>
        <p><del>gone</del> and ~5 left~</p>
        "#);
    }

    #[test]
    fn frames_are_those_of_video_sites() {
        insta::assert_snapshot!(html(concat!(
            "<iframe src=\"https://www.youtube.com/embed/x\" allowfullscreen></iframe>\n\n",
            "<iframe src=\"https://player.vimeo.com/video/1\"></iframe>\n\n",
            "<iframe src=\"https://evil.example/\"></iframe>\n\n",
            "<iframe src=\"https://www.youtube.com.evil.example/embed/x\"></iframe>\n\n",
            "<video controls src=\"/v.mp4\"></video>\n",
        )), @r#"
        <iframe src="https://www.youtube.com/embed/x" allowfullscreen="" allow="accelerometer; autoplay; clipboard-write; encrypted-media; fullscreen; gyroscope; picture-in-picture; web-share" referrerpolicy="strict-origin-when-cross-origin"></iframe>
        <iframe src="https://player.vimeo.com/video/1" allow="accelerometer; autoplay; clipboard-write; encrypted-media; fullscreen; gyroscope; picture-in-picture; web-share" referrerpolicy="strict-origin-when-cross-origin"></iframe>


        <video controls="" src="/v.mp4"></video>
        "#);
    }

    #[test]
    fn nothing_an_author_writes_runs_in_a_browser() {
        for source in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "![x](javascript:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "<a href=\" java\nscript:alert(1)\">x</a>",
            "<svg onload=alert(1)>",
            "<math><mtext><style><img src=x onerror=alert(1)></style>",
            "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
            "<object data=x></object><embed src=x><form action=x><input>",
            "<p style=\"background:url(javascript:alert(1));position:fixed\">x</p>",
            "text {: onclick=alert(1) }",
            "# h {: onclick=alert(1) style=position:fixed }",
            "<div markdown=1 onclick=alert(1)>x</div>",
            "```x\" onclick=\"alert(1)\ny\n```",
            "| a |\n|---|\n| <script>alert(1)</script> |",
            "<base href=https://evil.example><meta http-equiv=refresh content=0><link rel=stylesheet href=x>",
        ] {
            let html = html(source).to_lowercase();
            let tags: String = html.split('<').skip(1).filter_map(|tag| tag.split('>').next()).collect();
            for bad in [
                "script",
                " on",
                "javascript",
                "data:",
                "srcdoc",
                "position",
                "url(",
                "svg",
                "object",
                "embed",
                "form",
                "input",
                "base",
                "meta",
                "link ",
            ] {
                assert!(!tags.contains(bad), "{source:?} became {html:?}");
            }
        }
    }

    #[test]
    fn depth_is_flattened_or_refused_rather_than_overflowing_the_stack() {
        for source in ["> ".repeat(5_000), "- ".repeat(5_000), "*a **a ".repeat(20_000), "[".repeat(100_000)] {
            let rendered = render(&format!("{source}x"), "");
            assert!(rendered.is_ok(), "{:?}", &source[..8]);
        }
        let nested = format!("{}x{}", "<div markdown=\"1\">\n".repeat(100), "\n</div>".repeat(100));
        assert!(html(&nested).contains('x'));
        for source in ["<div>".repeat(50_000), "<b>".repeat(50_000), "# a\n".repeat(60_000)] {
            assert!(render(&source, "").is_err());
        }
    }
}
