//! What an author may put into a page: what runs nothing stays, and nothing leaves the article.

use super::authors::{assert_rendered, rendered};

#[test]
fn attributes_that_run_nothing_stay() {
    for html in [
        r#"<p><a name="part-2"></a></p>"#,
        r#"<p role="note" aria-label="A note" tabindex="0">text</p>"#,
        r#"<p align="center">text</p>"#,
        r#"<ol>
<li value="3">three</li>
</ol>"#,
        r#"<p>On <time datetime="2026-03-14">Pi day</time> and <data value="3">three</data></p>"#,
        r##"<table>
<thead>
<tr bgcolor="#eee"><th abbr="Nr" valign="top" width="20%">Number</th></tr>
</thead>
</table>"##,
        r##"<p><img usemap="#plan" src="/plan.png" loading="lazy"></p>
<map name="plan"><area shape="rect" coords="0,0,9,9" href="/a" alt="A"></map>"##,
        r#"<p><meter value="0.5" max="1">half</meter> <progress value="1" max="2">half</progress></p>"#,
        r#"<p style="color: rgb(1, 2, 3); padding-left: 1em; background: #eee; display: inline-block">text</p>"#,
        r#"<math display="block"><mfrac><mi>a</mi><mn>2</mn></mfrac></math>"#,
    ] {
        let found = rendered(html);
        assert_eq!(found.html.trim(), html);
        assert_eq!(found.warnings, Vec::<String>::new(), "{html}");
    }
}

#[test]
fn a_formula_stands_or_falls_as_a_whole() {
    assert_rendered(&[
        ("a <math><mi>x</mi></math> b", "<p>a <math><mi>x</mi></math> b</p>"),
        ("a <mi>x</mi> b", "<p>a &lt;mi&gt;x&lt;/mi&gt; b</p>"),
        ("a <math> b\n\nc", "<p>a &lt;math&gt; b</p>\n<p>c</p>"),
        ("<math><mi>x\n\nc", "<p>&lt;math&gt;&lt;mi&gt;x</p>\n<p>c</p>"),
        (
            "<math><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">x</annotation></semantics></math>",
            "<math><semantics><mi>x</mi><annotation encoding=\"application/x-tex\">x</annotation></semantics></math>",
        ),
    ]);
}

#[test]
fn nothing_hides_in_a_formula() {
    for inside in [
        "<!--",
        "<style \">",
        "<iframe \" src=\"https://youtu.be/x\">",
        "<a \" href=\"https://e/\">",
        "<textarea =>",
        "<svg \"><td \">",
    ] {
        let html = rendered(&format!("<div>\n<math><mi>{inside}</mi></math>\n<p>follows</p>\n</div>\n\nsecond")).html;
        let page = scraper::Html::parse_fragment(&html);
        let seen: String = page.root_element().text().collect();
        assert!(seen.contains("follows") && seen.contains("second"), "{inside}: {html}");
        assert!(!["<math", "<td", "<iframe", "<a "].iter().any(|tag| html.contains(tag)), "{inside}: {html}");
    }
    for math in ["<mspace depth=\"99999999px\">", "<mspace width=\"-5em\">", "<mstyle scriptlevel=\"-99\">"] {
        let (name, attribute) = math[1..].split_once(' ').unwrap();
        let html = rendered(&format!("<math>{math}</{name}></math>")).html;
        assert!(!html.contains(attribute), "{html}");
    }
    assert!(rendered("<math><mspace width=\"2em\"></mspace></math>").html.contains("width=\"2em\""));
}

const PERMISSIONS: &str = " allow=\"accelerometer; autoplay; clipboard-write; encrypted-media; fullscreen; gyroscope; \
                           picture-in-picture; web-share\" referrerpolicy=\"strict-origin-when-cross-origin\"";

#[test]
fn players_are_told_what_they_may_do_by_us() {
    let snippet = "<iframe width=\"560\" height=\"315\" src=\"https://www.youtube.com/embed/x?si=y\" title=\"YouTube video \
                   player\" frameborder=\"0\" allow=\"camera\" referrerpolicy=\"unsafe-url\" allowfullscreen></iframe>";
    let player = format!(
        "<iframe width=\"560\" height=\"315\" src=\"https://www.youtube.com/embed/x?si=y\" title=\"YouTube video \
         player\" frameborder=\"0\" allowfullscreen=\"\"{PERMISSIONS} style=\"max-width: 100%\"></iframe>"
    );
    let other = format!("<iframe src=\"https://www.youtube.com/embed/x\"{PERMISSIONS}></iframe>");
    assert_rendered(&[
        (snippet, &player),
        ("<iframe src=\"//www.youtube.com/embed/x\"></iframe>", &other),
        ("<iframe src=\"http://youtu.be/x\"></iframe>", &other),
        ("<iframe src=\"https://www.youtube.com/embed/../../logout\"></iframe>", ""),
    ]);
}

#[test]
fn links_that_leave_give_no_hold_on_this_page() {
    let out =
        |href: &str, more: &str| format!("<p><a href=\"{href}\" target=\"_blank\" rel=\"noopener{more}\">x</a></p>");
    let cases = [
        ("<a href=\"HTTPS://evil/\" target=\"w\" rel=\"opener\">x</a>", out("HTTPS://evil/", "")),
        ("<a href=\" \thttps://evil/\">x</a>", out(" \thttps://evil/", "")),
        ("<a href=\"\\\\evil/\">x</a>", out("\\\\evil/", "")),
        ("<a href=\"/\\evil/\">x</a>", out("/\\evil/", "")),
        ("<a href=\"ht\ntps://evil/\">x</a>", out("ht\ntps://evil/", "")),
        ("<a href=\"https:evil\">x</a>", "<p><a href=\"https:evil\">x</a></p>".to_owned()),
        ("<a href=\"https://evil\" rel=\"nofollow opener me\">x</a>", out("https://evil", " nofollow me")),
        ("<a href=\"https://www.talel.io@evil/\">x</a>", out("https://www.talel.io@evil/", "")),
        ("<a href=\"https://www.talel.io.evil/\">x</a>", out("https://www.talel.io.evil/", "")),
        ("<a href=\"https://WWW.talel.io:443/a\" rel=\"opener\">x</a>", {
            "<p><a href=\"https://WWW.talel.io:443/a\">x</a></p>".to_owned()
        }),
        ("<a href=\"/a\" target=\"other\">x</a>", "<p><a href=\"/a\">x</a></p>".to_owned()),
        ("<a href=\"/a\" target=\"_blank\">x</a>", "<p><a href=\"/a\" target=\"_blank\">x</a></p>".to_owned()),
    ];
    for (source, expected) in cases {
        let html = rendered(source).html;
        let has = |html: &str, part: &str| html.contains(part);
        if has(&expected, "noopener") {
            assert!(has(&html, "target=\"_blank\"") && has(&html, "rel=\"noopener"), "{source} is {html}");
            assert!(!has(&html, " opener"), "{source} is {html}");
        } else {
            assert_eq!(html.trim(), expected, "{source}");
        }
    }
    assert_rendered(&[
        ("> quoted\n\n<q cite=\"javascript:x\">x</q>", "<blockquote>\n<p>quoted</p>\n</blockquote>\n<p><q>x</q></p>"),
        ("<q cite=\"/a\">x</q>", "<p><q cite=\"/a\">x</q></p>"),
    ]);
}

#[test]
fn an_article_stays_in_its_box() {
    for (source, left) in [
        ("<p style=\"margin-top: -500px\">x</p>", "<p>x</p>"),
        ("<p style=\"position: fixed; inset: 0\">x</p>", "<p>x</p>"),
        ("<p id=\"__NEXT_DATA__\">x</p>", "<p>x</p>"),
        ("<a name=\"getElementById\"></a>", "<p><a></a></p>"),
        ("<p tabindex=\"5\">x</p>", "<p>x</p>"),
        ("<hr width=\"100000\">", "<hr>"),
        ("<p><img src=\"/a\" hspace=\"9999\"></p>", "<p><img src=\"/a\" loading=\"lazy\"></p>"),
        (
            "<p><img src=\"/a\" width=\"9000\" style=\"max-width: 5000px; color: red\"></p>",
            "<p><img src=\"/a\" width=\"9000\" style=\"max-width: 100%; height: auto; color: red\" loading=\"lazy\"></p>",
        ),
        ("<p><img srcset=\"data:x 1x\" src=\"/a\"></p>", "<p><img src=\"/a\" loading=\"lazy\"></p>"),
        (
            "<p><img src=\"/a.png\" width=\"816\" height=\"400\"></p>",
            "<p><img src=\"/a.png\" width=\"816\" height=\"400\" loading=\"lazy\" style=\"max-width: 100%; height: auto\"></p>",
        ),
        ("<video src=\"/v\" width=\"300\"></video>", "<video src=\"/v\" width=\"300\"></video>"),
        ("<div style=\"width: 5000px\">x</div>", "<div style=\"max-width: 100%; width: 5000px\">x</div>"),
    ] {
        assert_eq!(rendered(source).html.trim(), left);
    }
}
