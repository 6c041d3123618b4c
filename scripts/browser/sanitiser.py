"""Nothing that an author writes runs, leaves the article's box, shadows what the page is made of, or lets
another page hold on to it."""

import html
import json

from browsing import Site
from payloads import payloads
from running import server

PAGE = """<!doctype html>
<html><head><title>a page</title>
<script>
  window.ran = [];
  for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = () => window.ran.push(name);
  // What a page finds in its window and in its document when there is no article.
  window.known = [window, document].map(start => {
    const names = new Set();
    for (let object = start; object; object = Object.getPrototypeOf(object))
      for (const name of Object.getOwnPropertyNames(object)) names.add(name);
    return [start, names];
  });
</script>
<style>
  body { margin: 0; font: 16px/1.4 sans-serif; color: rgb(1, 2, 3) }
  header, footer { height: 80px; background: rgb(200, 220, 240) }
  main { display: flex }
  aside { width: 120px; flex: none; background: rgb(220, 240, 200) }
  article { width: 600px; flex: none; min-height: 200px }
  article img { max-width: 100% }
  article pre, article table { overflow: auto; max-width: 100% }
</style></head>
<body><header id="site-header">the site</header>
<main><aside id="left">left</aside><article>{{article}}</article><aside id="right">right</aside></main>
<footer id="site-footer">the end</footer>
<script type="application/json" id="source">{{source}}</script>
</body></html>"""

CHECK = """
const done = arguments[arguments.length - 1];
const wrong = [];
const events = ['mouseover', 'mouseenter', 'mousemove', 'pointerover', 'focus', 'click', 'dblclick', 'keydown', 'toggle',
                'input', 'change', 'submit', 'scroll', 'wheel', 'animationstart', 'transitionend', 'load', 'error'];
document.addEventListener('click', event => event.preventDefault(), true);
document.addEventListener('submit', event => event.preventDefault(), true);
const links = [];
// What a name stands for is then an element, or several of them.
const holds = (value, element) => value === element || value instanceof HTMLCollection && [...value].includes(element);
async function look(parsed) {
  const article = document.querySelector('article');
  for (const element of article.querySelectorAll('*')) {
    for (const name of events) element.dispatchEvent(new Event(name, {bubbles: true, cancelable: true}));
    if (['SCRIPT', 'STYLE', 'OBJECT', 'EMBED', 'BASE', 'META', 'LINK', 'FORM', 'TEMPLATE'].includes(element.tagName.toUpperCase()))
      wrong.push('has ' + element.tagName);
    for (const name of [element.getAttribute('id'), element.getAttribute('name')])
      if (window.known.some(([start, names]) => names.has(name) && holds(start[name], element))) wrong.push('shadows ' + name);
    for (const attribute of element.attributes) {
      if (/^on/i.test(attribute.name)) wrong.push('has ' + attribute.name);
      if (/^(href|src|action|formaction|xlink:href|poster|cite|data|ping|background)$/i.test(attribute.name)) {
        let protocol = 'none';
        try { protocol = new URL(attribute.value, document.baseURI).protocol } catch {}
        if (!['http:', 'https:', 'mailto:', 'tel:', 'none'].includes(protocol)) wrong.push(attribute.name + ' leads to ' + protocol);
      }
    }
    if (element.hasAttribute('target')) links.push([element.getAttribute('target'), element.getAttribute('rel'), element.href]);
  }
  await new Promise(go => setTimeout(go, 0));
  for (const id of ['site-header', 'left', 'right', 'site-footer']) {
    const [part, ...others] = document.querySelectorAll('#' + id);
    if (others.some(other => !article.contains(other)) || !part) { wrong.push(id + ' is not there once'); continue; }
    part.scrollIntoView({block: 'nearest'});
    const box = part.getBoundingClientRect();
    const style = getComputedStyle(part);
    if (box.width < 100 || box.height < 60 || style.display !== 'block' || style.position !== 'static' || style.color !== 'rgb(1, 2, 3)')
      wrong.push(id + ' looks different ' + parsed);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    for (const x of [0.05, 0.5, 0.95]) for (const y of [0.1, 0.5, 0.9]) {
      const found = document.elementFromPoint(box.left + x * box.width, top + y * (bottom - top));
      if (!part.contains(found)) { wrong.push(id + ' is covered by ' + (found && found.outerHTML.slice(0, 90)) + ' ' + parsed); return; }
    }
  }
}
(async () => {
  const article = document.querySelector('article');
  await look('as sent');
  // As frameworks put it there, and once more out of what became of it.
  article.innerHTML = JSON.parse(document.getElementById('source').textContent);
  await look('as inner HTML');
  article.innerHTML = article.innerHTML;
  await look('as parsed twice');
  if (document.title !== 'a page') wrong.push('has another title');
  if (new URL(document.baseURI).pathname !== location.pathname) wrong.push('has another base');
  wrong.push(...window.ran.map(name => 'ran ' + name));
  done([[...new Set(wrong)], links]);
})();
"""


def script_text(text):
    """As a JSON string that a script element can hold."""
    return json.dumps(text).replace("<", "\\u003c")


def run(chromium, every):
    wrong, openers, refused, ways = [], 0, 0, {}
    site, other = Site(), Site()
    texts = payloads()[::every]
    other.pages["/opener"] = "<!doctype html><title>elsewhere</title>"
    with server() as ours:
        ours.log_in()
        for text in texts:
            body = json.dumps({"title": "x", "body": text, "meta_description": ""})
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {ours.token}"}
            ours.connection.request("POST", "/v1/articles", body, headers)
            answer = ours.connection.getresponse()
            document = json.loads(answer.read())
            if answer.status != 201:
                refused += 1
                continue
            made = document["article"]["html"]
            site.pages["/article"] = PAGE.replace("{{article}}", made).replace("{{source}}", script_text(made))
            chromium.get(site.base + "/article")
            found, links = chromium.execute_async_script(CHECK)
            if chromium.current_url != site.base + "/article":
                found.append(f"leads to {chromium.current_url}")
            wrong += [f"{text!r}: {what}" for what in found]
            for target, rel, href in links:
                ways.setdefault((target, rel), text)
    # Each way in which a link opens a window, followed.
    for (target, rel), text in ways.items():
        rel = "" if rel is None else f' rel="{html.escape(rel)}"'
        site.pages["/link"] = f'<!doctype html><a id=l href="{other.base}/opener" target="{html.escape(target)}"{rel}>x</a>'
        chromium.get(site.base + "/link")
        chromium.find_element("id", "l").click()
        first, *opened = chromium.window_handles
        for window in opened:
            chromium.switch_to.window(window)
            if chromium.execute_script("return window.opener !== null"):
                openers += 1
                wrong.append(f"{text!r}: the other page has an opener, target {target!r}, rel {rel!r}")
            chromium.close()
        chromium.switch_to.window(first)
    print(f"{len(texts)} payloads: {refused} refused, {len(ways)} ways to open a window, {openers} openers, {len(wrong)} wrong")
    return wrong
