"use strict";
(() => {
  const bar = document.getElementById("filter");
  const form = bar.querySelector("form");
  const told = document.getElementById("told");
  const none = document.getElementById("none");
  const findings = Array.from(document.querySelectorAll("[data-rule]"), (node) => ({
    node,
    file: node.closest("[data-formats]"),
    text: (node.textContent + " " + node.closest("[data-formats]").dataset.path).toLowerCase(),
  }));
  const files = Array.from(document.querySelectorAll("[data-formats]"));
  const groups = Array.from(document.querySelectorAll(".joint, .others"));
  const fields = ["q", "level", "rule", "format"];

  const show = () => {
    const wanted = Object.fromEntries(fields.map((name) => [name, form.elements[name].value]));
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { node, file, text } of findings) {
      const fits = words.every((word) => text.includes(word)) &&
        (!wanted.level || node.dataset.level === wanted.level) &&
        (!wanted.rule || node.dataset.rule === wanted.rule) &&
        (!wanted.format || file.dataset.formats.split(" ").includes(wanted.format));
      node.toggleAttribute("data-out", !fits);
      count += fits;
    }
    for (const file of files) {
      const some = file.querySelector("[data-rule]:not([data-out])");
      file.toggleAttribute("data-out", !some);
    }
    const all = count === findings.length;
    for (const group of groups) {
      const some = group.querySelector("[data-rule]:not([data-out])");
      group.toggleAttribute("data-out", !some);
      // What is looked for is shown where it is.
      const folded = group.matches("details") ? group : group.querySelector("details");
      if (some && !all) folded.open = true;
    }
    told.textContent = all ? `${count} shown` : `${count} of ${findings.length} shown`;
    none.hidden = count > 0 || findings.length === 0;
    return wanted;
  };

  const remember = (wanted) => {
    const kept = new URLSearchParams(fields.filter((name) => wanted[name]).map((name) => [name, wanted[name]]));
    history.replaceState(null, "", "#" + kept);
  };

  const recall = () => {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) {
      const target = document.getElementById(hash);
      for (let node = target; node; node = node.parentElement) {
        if (node.tagName === "DETAILS") node.open = true;
      }
      target?.scrollIntoView();
      return;
    }
    const asked = new URLSearchParams(hash);
    for (const name of fields) form.elements[name].value = asked.get(name) ?? "";
    show();
  };

  form.addEventListener("input", () => remember(show()));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => remember(show())));
  addEventListener("hashchange", recall);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
  // What is to be copied gets a button: commands and lines to paste, evidence, and paths.
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Where the page is not trusted with the clipboard, the browser copies what is selected.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      if (!done) throw new Error("not copied");
    }
  };
  const offer = (target, what) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${what}`);
    button.addEventListener("click", () => {
      const lines = target.cloneNode(true);
      for (const number of lines.querySelectorAll(".n")) number.remove();
      const tell = (word) => {
        button.textContent = word;
        setTimeout(() => { button.textContent = "Copy"; }, 1500);
      };
      copy(lines.textContent.trimEnd()).then(() => tell("Copied"), () => tell("Not copied"));
    });
    const box = document.createElement("div");
    box.className = "copied";
    target.replaceWith(box);
    box.append(target, button);
  };
  for (const node of document.querySelectorAll(".finding pre")) offer(node, node.closest(".help") ? "these lines" : "the evidence");
  for (const node of document.querySelectorAll(".file h3")) offer(node, "the path");

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open]):not(.long)"));
    for (const node of opened) node.open = true;
  });
  addEventListener("afterprint", () => {
    for (const node of opened) node.open = false;
  });
  bar.hidden = findings.length === 0;
  show();
  recall();
})();
