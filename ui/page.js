// Enter also confirms a word in Chinese and Japanese input methods; then it must not send the question.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.stopImmediatePropagation();
}, true);

// On a phone the receipt lies below the conversation: this button goes there.
document.addEventListener("click", (event) => {
  if (event.target.closest?.(".st-jump")) document.getElementById("st-receipt")?.scrollIntoView({ behavior: "smooth" });
});

// On a phone the conversation takes what the header leaves, and whose buttons it has decides how many rows it needs.
const measured = new ResizeObserver(([header]) => {
  const height = Math.ceil(header.target.getBoundingClientRect().height);
  document.documentElement.style.setProperty("--st-header-height", `${height}px`);
});
let header = null;

// Gradio's round buttons have pictures only; readers of screens need words.
new MutationObserver(() => {
  const now = document.getElementById("st-header");
  if (now && now !== header) {
    header = now;
    measured.disconnect();
    measured.observe(now);
  }
  const zh = navigator.language.startsWith("zh");
  const names = { ".submit-button": zh ? "发送" : "Send", ".stop-button": zh ? "停止" : "Stop" };
  // The choices of one question are one group for the arrow keys; Gradio gives each a name of its own.
  for (const group of document.querySelectorAll("#st-receipt fieldset")) {
    const radios = group.querySelectorAll("input[type=radio]");
    for (const radio of radios) if (radio.name !== radios[0].name) radio.name = radios[0].name;
    const label = group.querySelector("[data-testid=block-info]")?.textContent;
    if (label && group.getAttribute("aria-label") !== label) group.setAttribute("aria-label", label);
  }
  for (const [selector, name] of Object.entries(names)) {
    for (const button of document.querySelectorAll(`#st-box ${selector}:not([aria-label])`)) {
      button.setAttribute("aria-label", name);
      button.title = name;
    }
  }
}).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["name"] });
