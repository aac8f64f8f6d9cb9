// The list of conversations: searched, opened by a link, renamed, shared, deleted. What people wrote is text here,
// never markup. The page's address names the conversation that it shows, so that it is there after a reload.
(() => {
  const zh = navigator.language.startsWith("zh");
  const words = zh ? {
    title: "对话列表", close: "关闭", search: "搜索名称和问题", none: "还没有对话。", nothing: "没有找到。",
    rename: "重命名", save: "保存", cancel: "取消", name: "新名称", share: "共享", unshare: "停止共享",
    link: "共享链接：角色相同、可见范围相同的人可以阅读", shared: "已共享", remove: "删除", sure: "确定删除",
    away: "现在无法读取对话，请稍后再试。", gone: "这个对话已被删除。", out: "您已退出，请重新登录。", untitled: "（无名称）",
  } : {
    title: "Conversations", close: "Close", search: "Search names and questions", none: "No conversation yet.",
    nothing: "Nothing found.", rename: "Rename", save: "Save", cancel: "Cancel", name: "New name", share: "Share",
    unshare: "Stop sharing", link: "Link for those in the same role who see the same; they can read it",
    shared: "shared", remove: "Delete", sure: "Delete for good",
    away: "The conversations cannot be reached now. Try again in a moment.",
    gone: "This conversation was deleted.", out: "You are signed out. Sign in again.", untitled: "(no name)",
  };
  const shownId = () => new URL(location.href).searchParams.get("conversation");
  const address = (id) => `${location.origin}/?conversation=${encodeURIComponent(id)}`;

  window.stName = (id) => {
    const url = new URL(location.href);
    if (id) url.searchParams.set("conversation", id); else url.searchParams.delete("conversation");
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  };

  function make(tag, options = {}, ...children) {
    const element = Object.assign(document.createElement(tag), options);
    element.append(...children);
    return element;
  }
  const button = (text, act, options = {}) => make("button", { type: "button", textContent: text, onclick: act, ...options });

  async function call(method, path, body) {
    const response = await fetch(`/v1/conversations${path}`, {
      method, headers: { Accept: "application/json", ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body && JSON.stringify(body), redirect: "error",
    }).catch(() => null);
    if (response?.ok) return response.status === 204 ? {} : await response.json();
    const told = { 401: words.out, 404: words.gone };
    throw new Error(told[response?.status] ?? words.away);
  }

  let dialog, list, status, search, asked = 0;

  function build() {
    search = make("input", { type: "search", placeholder: words.search, maxLength: 200, autocomplete: "off" });
    search.setAttribute("aria-label", words.search);
    search.oninput = () => show();
    list = make("ul");
    status = make("p", { className: "st-talks-status" });
    status.setAttribute("role", "status");
    dialog = make("dialog", { id: "st-talks-list" },
      make("header", {}, make("h2", { id: "st-talks-title", textContent: words.title }), button(words.close, () => dialog.close())),
      search, status, list);
    dialog.setAttribute("aria-labelledby", "st-talks-title");
    dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
    // Around Gradio's own container, whose colours hold only inside of it.
    document.querySelector(".gradio-container")?.append(dialog);
  }

  async function show() {
    const mine = ++asked;
    try {
      const text = search.value.trim();
      const found = await call("GET", text ? `?text=${encodeURIComponent(text)}` : "");
      if (mine !== asked) return;
      list.replaceChildren(...found.conversations.map(row));
      status.textContent = found.conversations.length ? "" : text ? words.nothing : words.none;
    } catch (error) {
      if (mine === asked) status.textContent = error.message;
    }
  }

  function row(talk) {
    const title = talk.title || words.untitled;
    const link = make("a", { href: address(talk.id), textContent: title });
    if (talk.id === shownId()) link.setAttribute("aria-current", "page");
    const day = new Date(talk.used_at).toLocaleString(zh ? "zh-CN" : "en", { dateStyle: "medium", timeStyle: "short" });
    const facts = make("small", { textContent: talk.shared ? `${day} · ${words.shared}` : day });
    const item = make("li", {}, make("div", { className: "st-talk-name" }, link, facts));
    const acts = make("div", { className: "st-talk-acts" });
    const act = (name, todo, options = {}) => {
      const made = button(name, todo, options);
      made.setAttribute("aria-label", `${name}: ${title}`);
      return made;
    };
    const change = async (todo) => {
      try { await todo(); await show(); search.focus(); } catch (error) { status.textContent = error.message; }
    };
    const plain = () => acts.replaceChildren(
      act(words.rename, rename), act(words.share, share), act(words.remove, remove, { className: "st-danger" }));
    function rename() {
      const box = make("input", { value: talk.title, maxLength: 120 });
      box.setAttribute("aria-label", words.name);
      const save = () => box.value.trim() && change(() => call("PATCH", `/${talk.id}`, { title: box.value }));
      box.onkeydown = (event) => {
        if (event.key === "Enter" && !event.isComposing) save();
        if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); plain(); }
      };
      acts.replaceChildren(box, button(words.save, save), button(words.cancel, plain));
      box.focus(); box.select();
    }
    async function share() {
      try {
        if (!talk.shared) talk = await call("PATCH", `/${talk.id}`, { shared: true });
        const box = make("input", { value: address(talk.id), readOnly: true });
        box.setAttribute("aria-label", words.link);
        const stop = () => change(() => call("PATCH", `/${talk.id}`, { shared: false }));
        acts.replaceChildren(make("label", { textContent: words.link }), box, button(words.unshare, stop), button(words.cancel, () => show()));
        box.focus(); box.select();
      } catch (error) { status.textContent = error.message; }
    }
    function remove() {
      const gone = async () => {
        await call("DELETE", `/${talk.id}`);
        if (talk.id === shownId()) location.href = "/";
      };
      const sure = act(words.sure, () => change(gone), { className: "st-danger" });
      acts.replaceChildren(button(words.cancel, plain), sure);
      sure.focus();
    }
    plain();
    item.append(acts);
    return item;
  }

  document.addEventListener("click", (event) => {
    const who = document.querySelector(".st-who[open]");
    if (who && !who.contains(event.target)) who.open = false;
    if (!event.target.closest?.("#st-talks")) return;
    if (!dialog?.isConnected) build();
    dialog.showModal();
    search.value = "";
    show();
  });
  document.addEventListener("keydown", (event) => {
    const who = document.querySelector(".st-who[open]");
    if (event.key === "Escape" && who) { who.open = false; who.querySelector("summary").focus(); }
  });
})();
