#!/usr/bin/env bash
# gradio 6.31.0, in Chromium: the choices of one gr.Radio are inputs of type "radio" that each have a name of their
# own, so a browser does not take them for one group. The arrow keys, by which a keyboard user moves between the
# choices of a group, change nothing, and a screen reader counts each choice as a group of one.
# Seen: three choices, three names; after ArrowDown on "a" the choice is still "a". Fails when that changes.
# Needs a Chromium on the PATH (or in CHROMIUM).
set -euo pipefail
browser=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check gradio==6.31.0 playwright==1.65.2
GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1 "$folder/venv/bin/python" - "$browser" <<'PYTHON'
import sys

import gradio as gr
from playwright.sync_api import sync_playwright

with gr.Blocks() as page:
    radio = gr.Radio(["a", "b", "c"], value="a", label="Which?", elem_id="which")
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], args=["--no-sandbox"])
    tab = browser.new_page()
    tab.goto(address)
    choices = tab.locator("#which input[type=radio]")
    choices.first.wait_for()
    names = choices.evaluate_all("all => all.map(one => one.name)")
    choices.nth(0).focus()
    tab.keyboard.press("ArrowDown")
    tab.wait_for_timeout(500)
    checked = choices.evaluate_all("all => all.map(one => one.checked)")
    browser.close()
page.close()
print("gradio", gr.__version__, "names", names, "checked after ArrowDown", checked)
assert len(set(names)) == 3
assert checked == [True, False, False]
PYTHON
