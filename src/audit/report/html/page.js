"use strict";
(() => {
  const ROW = 36;
  const AROUND = 12;
  const numeric = new Set(["number", "bytes", "flag"]);
  const sections = Array.from(document.querySelectorAll("main > section"));
  const links = Array.from(document.querySelectorAll("nav.tabs a"));
  const dialog = document.getElementById("detail");
  const thousands = new Intl.NumberFormat("en");

  // Elements are made of text alone: nothing of the data is ever markup.
  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  let unpacked = null;
  const unpack = () => {
    unpacked ??= (async () => {
      const node = document.getElementById("data");
      const letters = atob(node.textContent);
      node.remove();
      const bytes = new Uint8Array(letters.length);
      for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
      const data = await new Response(stream).json();
      const tables = Object.fromEntries(data.tables.map((table) => [table.name, table]));
      return { texts: data.texts, searched: data.searched, tables };
    })();
    return unpacked;
  };

  const UNITS = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 1024]];
  const size = (bytes) => {
    const unit = UNITS.find(([, of]) => bytes >= of);
    return unit ? `${(Math.floor((bytes * 10) / unit[1]) / 10).toFixed(1)} ${unit[0]}` : `${bytes} bytes`;
  };

  const shown = (column, cell, texts) => {
    if (cell < 0) return "";
    if (column.kind === "flag") return cell ? "yes" : "no";
    if (column.kind === "bytes") return size(cell);
    if (column.kind === "number") return thousands.format(cell);
    return texts[cell];
  };

  // A search: words that all have to be in a row. `column:word` looks in one column, `column:="all of it"` at all of it, `!` is not,
  // and numbers are compared with `>`, `>=`, `<`, `<=` and `=`.
  const parse = (text, columns) => {
    const words = text.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
    return words.map((word) => {
      const colon = word.indexOf(":");
      const name = word.slice(0, Math.max(colon, 0)).toLowerCase();
      const at = columns.findIndex((column) => column.name === name);
      if (at < 0) return { at, word: word.replaceAll('"', "").toLowerCase() };
      const [, not, sign, rest] = /^(!?)(>=|<=|>|<|=|)(.*)$/s.exec(word.slice(colon + 1));
      return { at, not: not !== "", sign, word: rest.replaceAll('"', "").toLowerCase() };
    });
  };

  // The texts that a search looks into: all but disassemblies, which come last.
  const lowered = (data) => (data.lowered ??= data.texts.slice(0, data.searched).map((text) => text.toLowerCase()));

  // Which texts a word is in: looked up once for each word, not once for each row.
  const mask = (data, word, isWhole) => {
    const texts = lowered(data);
    const found = new Uint8Array(texts.length);
    for (let at = 0; at < texts.length; at++) {
      found[at] = isWhole ? texts[at] === word : texts[at].includes(word);
    }
    return found;
  };

  const compares = (sign, asked) => {
    switch (sign) {
      case ">": return (cell) => cell > asked;
      case ">=": return (cell) => cell >= asked;
      case "<": return (cell) => cell >= 0 && cell < asked;
      case "<=": return (cell) => cell >= 0 && cell <= asked;
      default: return (cell) => cell === asked;
    }
  };

  const test = (data, columns, { at, not, sign, word }) => {
    if (at < 0) {
      const found = mask(data, word, false);
      const texts = columns.filter((column) => !numeric.has(column.kind)).map((column) => column.cells);
      return (row) => texts.some((cells) => cells[row] >= 0 && found[cells[row]] === 1);
    }
    const { cells, kind } = columns[at];
    let fits;
    if (kind === "flag") {
      const asked = { yes: 1, no: 0 }[word] ?? -1;
      fits = (cell) => cell === asked;
    } else if (numeric.has(kind)) {
      fits = compares(sign, Number(word));
    } else {
      const found = mask(data, word, sign === "=");
      fits = (cell) => (cell < 0 ? word === "" : found[cell] === 1);
    }
    return not ? (row) => !fits(cells[row]) : (row) => fits(cells[row]);
  };

  // The order of the texts, for sorting: made once.
  const ranks = (data) => {
    if (!data.ranks) {
      const texts = lowered(data);
      const order = new Uint32Array(texts.length).map((_, at) => at);
      order.sort((a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : a - b));
      data.ranks = new Uint32Array(order.length);
      order.forEach((text, rank) => (data.ranks[text] = rank));
    }
    return data.ranks;
  };

  // One word of a POSIX shell.
  const word = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

  // A text that is shown escaped is no exact path.
  const exact = (text) => !/\\/.test(text);

  class Grid {
    constructor(section, data) {
      this.section = section;
      this.data = data;
      this.table = data.tables[section.id];
      this.columns = this.table.columns;
      // A disassembly has lines of its own, where a row is shown alone.
      this.inGrid = this.columns.filter((column) => column.name !== "disassembly");
      this.size = this.columns[0].cells.length;
      this.rows = new Uint32Array(this.size).map((_, at) => at);
      this.sorted = null;
      this.build();
    }

    build() {
      const title = this.table.title.toLowerCase();
      const id = `search-${this.section.id}`;
      this.search = make("input", {
        type: "search", id, autocomplete: "off", spellcheck: "false",
        placeholder: "words, column:word, number:>5",
      });
      this.told = make("output", { for: id, "aria-live": "polite" });
      this.save = make("button", { type: "button" }, "Export CSV");
      const bar = make(
        "form", { class: "bar", role: "search", "aria-label": `Search ${title}` },
        make("label", { for: id, class: "label" }, `Search ${title}`), this.search, this.told, this.save,
      );
      this.body = make("tbody");
      this.heads = this.inGrid.map((column) => {
        const button = make("button", { type: "button" }, column.name.replaceAll("_", " "));
        button.addEventListener("click", () => this.sort(this.columns.indexOf(column)));
        return make("th", { scope: "col", class: column.kind, title: column.about.replaceAll("`", "") }, button);
      });
      const columns = this.inGrid.map((column) => make("col", { class: column.name in WIDE ? WIDE[column.name] : column.kind }));
      const table = make(
        "table", { "aria-rowcount": this.size + 1, "aria-labelledby": `title-${this.section.id}` },
        make("colgroup", {}, ...columns), make("thead", {}, make("tr", { "aria-rowindex": 1 }, ...this.heads)), this.body,
      );
      this.view = make("div", { class: "scroll grid", tabindex: "0", role: "region", "aria-labelledby": `title-${this.section.id}` }, table);
      this.none = make("p", { class: "empty", hidden: "" }, "Nothing fits the search.");
      this.section.querySelector(".scroll").replaceWith(bar, this.view, this.none);
      this.section.querySelector(".more")?.remove();
      const left = this.table.total - this.size;
      if (left > 0) {
        const note = `The first ${thousands.format(this.size)} of ${thousands.format(this.table.total)} rows are on this page; \`weighbridge audit report --format csv\` writes all.`;
        this.view.after(make("p", { class: "more" }, note));
      }
      bar.addEventListener("submit", (event) => event.preventDefault());
      let waiting = 0;
      this.search.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(() => {
          this.filter(this.search.value);
          history.replaceState(null, "", address(this.section.id, this.search.value));
        }, 90);
      });
      this.save.addEventListener("click", () => this.download());
      let asked = false;
      this.view.addEventListener("scroll", () => {
        if (asked) return;
        asked = true;
        requestAnimationFrame(() => { asked = false; this.draw(); });
      }, { passive: true });
      // It grows with its first rows, and with the window.
      new ResizeObserver(() => this.draw()).observe(this.view);
      this.body.addEventListener("click", (event) => {
        const row = event.target.closest("tr[data-row]");
        if (row && !getSelection().toString()) this.open(Number(row.dataset.row));
      });
    }

    filter(text) {
      const tests = parse(text, this.inGrid).map((asked) => test(this.data, this.inGrid, asked));
      const rows = new Uint32Array(this.size);
      let count = 0;
      for (let row = 0; row < this.size; row++) {
        if (tests.every((fits) => fits(row))) rows[count++] = row;
      }
      this.rows = rows.subarray(0, count);
      this.arrange();
    }

    sort(at) {
      const isNumber = numeric.has(this.columns[at].kind);
      // Numbers begin with the largest, texts with the first; a third time is the order of the run.
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      const now = this.sorted?.at === at ? this.sorted.way : null;
      this.sorted = now === second ? null : { at, way: now === first ? second : first };
      this.heads.forEach((head, other) => {
        if (this.sorted && this.columns[this.sorted.at] === this.inGrid[other]) head.setAttribute("aria-sort", this.sorted.way);
        else head.removeAttribute("aria-sort");
      });
      if (!this.sorted) return this.filter(this.search.value);
      this.arrange();
    }

    arrange() {
      if (this.sorted) {
        const { cells, kind } = this.columns[this.sorted.at];
        const rank = numeric.has(kind) ? null : ranks(this.data);
        const key = rank ? (row) => (cells[row] < 0 ? Infinity : rank[cells[row]]) : (row) => cells[row];
        const sign = this.sorted.way === "ascending" ? 1 : -1;
        const keys = new Float64Array(this.size);
        for (const row of this.rows) keys[row] = key(row);
        this.rows = this.rows.slice().sort((a, b) => (keys[a] === keys[b] ? a - b : keys[a] < keys[b] ? -sign : sign));
      }
      const all = this.rows.length === this.size;
      const count = thousands.format(this.rows.length);
      this.told.textContent = all ? `${count} rows` : `${count} of ${thousands.format(this.size)} rows`;
      this.none.hidden = this.rows.length > 0;
      this.view.hidden = this.rows.length === 0;
      this.view.scrollTop = 0;
      this.drawn = null;
      this.draw();
    }

    draw() {
      if (this.view.offsetParent === null) return;
      const first = Math.max(0, Math.floor(this.view.scrollTop / ROW) - AROUND);
      const last = Math.min(this.rows.length, Math.ceil((this.view.scrollTop + this.view.clientHeight) / ROW) + AROUND);
      if (this.drawn === `${first}-${last}`) return;
      this.drawn = `${first}-${last}`;
      const focused = document.activeElement?.closest?.("tr[data-row]")?.dataset.row;
      const space = (rows) => {
        const cell = make("td", { colspan: this.inGrid.length });
        cell.style.height = `${rows * ROW}px`;
        return make("tr", { class: "space", "aria-hidden": "true" }, cell);
      };
      const rows = [];
      if (first > 0) rows.push(space(first));
      for (let at = first; at < last; at++) rows.push(this.row(this.rows[at], at));
      if (last < this.rows.length) rows.push(space(this.rows.length - last));
      this.body.replaceChildren(...rows);
      if (focused) this.body.querySelector(`tr[data-row="${focused}"] button`)?.focus({ preventScroll: true });
    }

    row(row, at) {
      const line = make("tr", { "data-row": row, "aria-rowindex": at + 2 });
      this.inGrid.forEach((column, number) => {
        const text = shown(column, column.cells[row], this.data.texts);
        const cell = make("td", { class: column.kind });
        if (number === 0) cell.append(make("button", { type: "button", title: text }, text));
        else if (TONES[text] && TONED.has(column.name)) cell.append(make("span", { class: `level ${TONES[text]}` }, text));
        else {
          cell.textContent = text.split("\n", 1)[0];
          if (text.length > 20) cell.title = text;
        }
        line.append(cell);
      });
      return line;
    }

    value(row, name) {
      const column = this.columns.find((column) => column.name === name);
      return column ? shown(column, column.cells[row], this.data.texts) : "";
    }

    open(row) {
      const list = make("dl");
      for (const column of this.columns) {
        const text = shown(column, column.cells[row], this.data.texts);
        if (text === "") continue;
        const lines = column.name === "disassembly"
          ? [make("pre", { tabindex: "0" }, text)]
          : text.split("\n").map((line) => make("div", {}, line));
        list.append(make("dt", {}, column.name.replaceAll("_", " ")), make("dd", { class: column.kind }, ...lines));
      }
      const close = make("button", { type: "button" }, "Close");
      close.addEventListener("click", () => dialog.close());
      const title = this.value(row, "path") || this.value(row, this.columns[0].name);
      dialog.replaceChildren(
        make("header", {}, make("h2", { id: "detail-title" }, title), close), list, ...this.commands(row),
      );
      dialog.showModal();
      dialog.scrollTop = 0;
    }

    // The commands that show a finding or a file as it is in its repository.
    commands(row) {
      const path = this.value(row, "path");
      const repository = this.value(row, "repository");
      if (!path || !exact(path) || !exact(repository)) return [];
      const known = this.data.tables.repositories.columns;
      const column = (name) => known.find((column) => column.name === name);
      const at = column("repository").cells.findIndex((cell) => this.data.texts[cell] === repository);
      const head = at < 0 ? "" : shown(column("commit"), column("commit").cells[at], this.data.texts);
      const commit = this.value(row, "first_commit") || head;
      if (!commit) return [];
      const git = `git -C ${word(repository)}`;
      const rule = this.value(row, "rule");
      const commands = [];
      const isModel = this.table.name === "artifacts" || !/\.(py|pyi|ipynb|ya?ml|cfg|toml|txt)$/.test(path);
      if (isModel) {
        commands.push(["The disassembly, with what loading would do", `${git} cat-file --filters ${word(`${commit}:${path}`)} | weighbridge inspect --disassemble --stdin-filename ${word(path)} -`]);
      } else {
        commands.push(["The file", `${git} show ${word(`${commit}:${path}`)}`]);
      }
      if (this.value(row, "first_commit")) commands.push(["The commit that brought it", `${git} show --stat ${commit}`]);
      if (rule) commands.push(["The rule", `weighbridge explain ${rule}`]);
      return commands.map(([title, command]) => make("div", { class: "command" }, make("h3", {}, title), make("pre", { tabindex: "0" }, command)));
    }

    download() {
      // What begins like a formula is a text in a spreadsheet, too.
      const cell = (text) => {
        const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
        return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
      };
      const lines = [this.columns.map((column) => column.name).join(",")];
      for (const row of this.rows) {
        lines.push(this.columns.map((column) => {
          const value = column.cells[row];
          if (value < 0) return "";
          return numeric.has(column.kind) ? String(value) : cell(this.data.texts[value]);
        }).join(","));
      }
      const blob = new Blob([lines.join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
      const link = make("a", { href: URL.createObjectURL(blob), download: `${this.table.name}.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    }
  }

  const WIDE = {
    level: "narrow", repository: "wide", path: "widest", message: "widest", help: "widest", why: "widest", global: "widest", what: "widest", where: "widest",
    rule: "wide", formats: "wide", place: "wide", subject: "wide", danger: "wide", reason: "wide", packs: "wide", libraries: "wide",
    owner: "wide", author: "wide", sha256: "wide", fingerprint: "wide", first_commit: "wide", commit: "wide", first_time: "wide", example: "wide",
  };
  const TONED = new Set(["level", "status", "state"]);
  const TONES = {
    deny: "deny", failed: "deny", ended: "deny", "beyond the terms": "deny", warn: "warn", partial: "warn", "covers nothing": "warn", "ends soon": "warn",
    pending: "quiet", waived: "quiet", overridden: "quiet", baseline: "quiet",
  };

  const address = (name, query) => `#${name}${query ? `?${encodeURIComponent(query)}` : ""}`;
  const grids = new Map();

  const show = async () => {
    const [name, query] = location.hash.slice(1).split("?");
    const section = sections.find((section) => section.id === name) ?? sections[0];
    for (const other of sections) other.hidden = other !== section;
    document.documentElement.classList.toggle("elsewhere", section !== sections[0]);
    for (const link of links) {
      if (link.hash === `#${section.id}`) {
        link.setAttribute("aria-current", "page");
        const tabs = link.parentElement;
        tabs.scrollLeft = link.offsetLeft - tabs.clientWidth / 2 + link.offsetWidth / 2;
      } else link.removeAttribute("aria-current");
    }
    if (!section.querySelector("table") || section.id === "overview") return;
    const data = await unpack();
    if (!grids.has(section.id)) grids.set(section.id, new Grid(section, data));
    const grid = grids.get(section.id);
    let wanted = "";
    try { wanted = decodeURIComponent(query ?? ""); } catch { /* No search of ours. */ }
    grid.search.value = wanted;
    grid.filter(wanted);
  };

  document.documentElement.classList.add("scripted");
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-query]");
    if (!link) return;
    event.preventDefault();
    location.hash = address(link.hash.slice(1), link.dataset.query);
    scrollTo(0, 0);
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("hashchange", show);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName) || dialog.open) return;
    const search = document.querySelector("main > section:not([hidden]) input[type=search]");
    if (search) { event.preventDefault(); search.focus(); }
  });
  show();
})();
