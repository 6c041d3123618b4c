"""Pictures in an article keep their shape in a page that styles only a width, and reserve their place."""

import io
import json
import urllib.request

from PIL import Image

from browsing import Site
from running import PROGRAM, Server, free_port, process, variables

STYLES = {
    "a width": "article img { width: 100%; }",
    "a largest width": "article img { max-width: 100%; }",
    "nothing": "",
    "as frameworks reset": "img { max-width: 100%; height: auto; display: block; }",
}

SIZES = [(1600, 838), (700, 1400), (300, 200), (2400, 800)]

OBSERVER = """<script>
window.shifts = 0;
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shifts += entry.value; })
  .observe({type: 'layout-shift', buffered: true});
</script>"""

MEASURE = """
const done = arguments[arguments.length - 1];
const images = [...document.querySelectorAll('article img')];
(async () => {
  for (const image of images) {
    image.scrollIntoView();
    while (!image.complete || image.naturalWidth === 0) await new Promise(go => setTimeout(go, 20));
    await new Promise(go => requestAnimationFrame(() => setTimeout(go, 30)));
  }
  done([window.shifts, document.documentElement.scrollWidth, images.map(image => {
    const box = image.getBoundingClientRect();
    return [box.width, box.height, image.naturalWidth, image.naturalHeight, image.alt];
  })]);
})();
"""


def jpeg(width, height):
    image = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    bytes = io.BytesIO()
    image.save(bytes, "JPEG")
    return bytes.getvalue()


def run(chromium):
    wrong, looked_at = [], 0
    port = free_port()

    def origin(path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()

    site = Site(origin, delay=0.3)
    with process([PROGRAM], port, env=variables(port, API_BASE_URL=site.base)) as started:
        ours = Server(port, started.pid)
        ours.log_in()
        words = "Some words that make a paragraph of a few lines on a small screen.\n\n"
        body = words
        for number, (width, height) in enumerate(SIZES):
            address = ours.upload(jpeg(width, height))
            body += f"![plain {number}]({address})\n\n{words}"
            body += f"![half {number}]({address}){{width={width // 2}}}\n\n{words}"
            body += f'<img src="{address}" alt="styled {number}" style="width: 50%">\n\n{words}'
        article = json.loads(ours.publish("Pictures", body)[0])["article"]
        for style, rules in STYLES.items():
            site.pages[f"/{len(site.pages)}"] = (
                f"<!doctype html><meta name=viewport content='width=device-width'><title>a page</title>{OBSERVER}"
                f"<style>body {{ margin: 0 }} {rules}</style><article>{article['html']}</article>"
            )
            path = f"/{len(site.pages) - 1}"
            for screen in (390, 1_440):
                chromium.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride",
                    {"width": screen, "height": 900, "deviceScaleFactor": 1, "mobile": False},
                )
                chromium.get(site.base + path)
                shifts, page_width, images = chromium.execute_async_script(MEASURE)
                where = f"styled with {style}, {screen} pixels wide"
                for width, height, natural_width, natural_height, name in images:
                    looked_at += 1
                    if abs(width / height * natural_height / natural_width - 1) > 0.02:
                        wrong.append(f"{name} is {width:.0f} by {height:.0f}, {where}")
                if shifts > 0:
                    wrong.append(f"what is there moves when pictures come, by {shifts:.3f}, {where}")
                if page_width > screen:
                    wrong.append(f"the page is {page_width} wide, {where}")
    print(f"{looked_at} pictures looked at, in {len(STYLES)} styles at 390 and 1440 pixels: {len(wrong)} wrong")
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return wrong
