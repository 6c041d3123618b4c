//! What authors have reported of other software, and what is right.

use talelio::markdown::{self, Rendered};

pub fn rendered(source: &str) -> Rendered {
    markdown::render(source, "https://www.talel.io").unwrap()
}

/// Compares what becomes of each source, on one line.
pub fn assert_rendered(cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(source, expected)| (source, rendered(source).html.trim().to_owned(), expected))
        .filter(|(_, html, expected)| html != *expected)
        .map(|(source, html, expected)| format!("{source:?}\n  is {html}\n not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_tag_that_is_named_takes_nothing_with_it() {
    assert_rendered(&[
        ("The <script> tag.\n\n## After", "<p>The &lt;script&gt; tag.</p>\n<h2 id=\"after\">After</h2>"),
        ("<style> sets styles.\n\nAfter", "<p>&lt;style&gt; sets styles.</p>\n<p>After</p>"),
        (
            "A `Vec` is Vec<String>, and <title> a title.",
            "<p>A <code>Vec</code> is Vec&lt;String&gt;, and &lt;title&gt; a title.</p>",
        ),
        ("<video> and <details> hide.\n\nAfter", "<p>&lt;video&gt; and &lt;details&gt; hide.</p>\n<p>After</p>"),
        ("The <iframe> tag\n\n* one", "<p>The &lt;iframe&gt; tag</p>\n<ul>\n<li>one</li>\n</ul>"),
        ("<b>bold</b> but not <b>", "<p><b>bold</b> but not &lt;b&gt;</p>"),
        (
            "<div>\nThe <textarea> tag.\n\n<p>After</p>\n</div>",
            "<div>\nThe &lt;textarea&gt; tag.\n\n<p>After</p>\n</div>",
        ),
        ("<div>\n<!-- never closed\n\n</div>\n\nAfter", "<div>\n&lt;!-- never closed\n\n</div>\n<p>After</p>"),
        // What has an end is what it looks like.
        ("<script>\nalert(1)\n</script>\n\nAfter", "<p>After</p>"),
        ("<form>\n<textarea>text</textarea>\n</form>", "text"),
        ("<a id=\"x\"/>text", "<p><a id=\"x\"></a>text</p>"),
        ("<video src=\"/v.mp4\">\n\nAfter", "<video src=\"/v.mp4\"></video>\n<p>After</p>"),
    ]);
}

#[test]
fn braces_in_quotes_do_not_end_a_list_of_attributes() {
    assert_rendered(&[
        ("## head {data-test=\"{}\"}", "<h2 data-test=\"{}\" id=\"head\">head</h2>"),
        ("*x*{: title=\"a}b\" .c } y", "<p><em title=\"a}b\" class=\"c\">x</em> y</p>"),
        ("text\n{: title='{a}' }", "<p title=\"{a}\">text</p>"),
        ("``` { .rust title=\"{}\" }\na\n```", "<pre><code class=\"language-rust\" title=\"{}\">a\n</code></pre>"),
        ("``` {}\na\n```", "<pre><code>a\n</code></pre>"),
        ("``` { } }\na\n```", "<p><code>{ } }\na</code></p>"),
        ("*x*{a=\"b\" = c} y {}", "<p><em>x</em> y {}</p>"),
        ("## h {}", "<h2 id=\"h\">h {}</h2>"),
        ("## h {: }", "<h2 id=\"h\">h</h2>"),
        ("*x*{: }", "<p><em>x</em></p>"),
        ("## a {b} c {: .x}", "<h2 id=\"a-b-c-x\">a {b} c {: .x}</h2>"),
        ("*x*{: .a}}", "<p><em class=\"a\">x</em>}</p>"),
    ]);
}

#[test]
fn addresses_may_have_spaces_and_titles_quotes() {
    let img = |src: &str, rest: &str| format!("<p><img alt=\"p\" src=\"{src}\"{rest} loading=\"lazy\"></p>");
    let a = |href: &str, rest: &str| format!("<p><a href=\"{href}\"{rest}>a</a></p>");
    let cases = [
        ("![p](/img/My Photo.jpg)", img("/img/My Photo.jpg", "")),
        ("![p](/img/My Photo.jpg \"A title\")", img("/img/My Photo.jpg", " title=\"A title\"")),
        ("![p](/img/My Photo.jpg 'A title')", img("/img/My Photo.jpg", " title=\"A title\"")),
        ("![p](/x_y_ z*a*.jpg){: .c}", img("/x_y_ z*a*.jpg", " class=\"c\"")),
        ("[a](/x My title)", a("/x My title", "")),
        ("[a](/x (y))", a("/x (y)", "")),
        ("[a](/x y (z) w)", a("/x y (z) w", "")),
        ("[a](/x \"a \"b\" c\")", a("/x", " title=\"a &quot;b&quot; c\"")),
        ("[a]( /x  y )", a("/x  y", "")),
        ("[a](/Ada's photo.jpg)", a("/Ada's photo.jpg", "")),
        ("[a](/x y \"t\" z)", a("/x y &quot;t&quot; z", "")),
        ("[a](/x <b> c)", a("/x &lt;b&gt; c", "")),
        ("[a](/x \\) y)", a("/x ) y", "")),
        ("[a](/x y", "<p>[a](/x y</p>".to_owned()),
        ("\\[a](/x y)", "<p>[a](/x y)</p>".to_owned()),
        ("a](/x y)", "<p>a](/x y)</p>".to_owned()),
        ("`[a](/x y)`", "<p><code>[a](/x y)</code></p>".to_owned()),
        (
            "[![i](/a b.png)](/c d)",
            "<p><a href=\"/c d\"><img alt=\"i\" src=\"/a b.png\" loading=\"lazy\"></a></p>".to_owned(),
        ),
    ];
    assert_rendered(&cases.each_ref().map(|(source, html)| (*source, html.as_str())));
}

#[test]
fn what_is_left_out_is_named() {
    let warnings = |source: &str| rendered(source).warnings;
    assert_eq!(
        warnings("Plain *text*, <b>bold</b> and `<script>`.\n\n![a](/a.png)\n\n<!-- comment -->"),
        Vec::<String>::new()
    );
    assert_eq!(
        warnings("<div onclick=\"x()\">\n<script>x</script><form><b>x</b></form>\n</div>"),
        ["`<form>` was left out", "`<script>` was left out", "`onclick` of `<div>` was left out"]
    );
    assert_eq!(warnings("[x](javascript:x)"), ["`href` of `<a>` was left out"]);
    assert_eq!(
        warnings("text\n{: style=\"color: red; position: fixed\" }"),
        ["`style: position` of `<p>` was left out"]
    );
    assert_eq!(
        warnings("<iframe src=\"https://evil.example/\"></iframe>"),
        ["`<iframe>` was left out", "`src` of `<iframe>` was left out"]
    );
}

#[test]
fn texts_and_labels_are_paired_from_left_to_right() {
    assert_rendered(&[
        ("[a] [b] [c]\n\n[b]: /u", "<p><a href=\"/u\">a</a> [c]</p>"),
        ("[a] [b] [c]\n\n[a]: /a\n[c]: /u", "<p><a href=\"/a\">a</a> [b] <a href=\"/u\">c</a></p>"),
        ("[a] [b] [c]\n\n[a]: /a\n[b]: /b\n[c]: /c", "<p><a href=\"/b\">a</a> <a href=\"/c\">c</a></p>"),
        ("x [b] [c] [b]\n\n[b]: /b", "<p>x <a href=\"/b\">b</a> [c] <a href=\"/b\">b</a></p>"),
        ("[a]\n[b]\n\n[b]: /b", "<p><a href=\"/b\">a</a></p>"),
        ("`[a]` [b]\n\n[b]: /b", "<p><code>[a]</code> <a href=\"/b\">b</a></p>"),
    ]);
}

#[test]
fn an_address_of_mail_is_shown_without_its_scheme() {
    assert_rendered(&[
        ("<mailto:a@b.se>", "<p><a href=\"mailto:a@b.se\">a@b.se</a></p>"),
        ("<a@b.se>", "<p><a href=\"mailto:a@b.se\">a@b.se</a></p>"),
        ("[mailto:a@b.se](mailto:a@b.se)", "<p><a href=\"mailto:a@b.se\">mailto:a@b.se</a></p>"),
    ]);
}
