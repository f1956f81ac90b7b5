// The documentation panel: a printed schema as pages that link to each other.

const element = (tag, className, ...children) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
};

/** Shows a schema in `page`, searched with `search`. */
export function createDocs(page, search) {
  let schema = null;
  let open = null;

  function link(name, text = name) {
    const found = element("a", "", text);
    found.href = `#${name}`;
    found.addEventListener("click", (event) => (event.preventDefault(), show(name)));
    return found;
  }
  function typeLink(type) {
    const [before, after] = type.text.split(type.name);
    return element("span", "", before, schema.types.has(type.name) ? link(type.name) : type.name, after);
  }
  function member(entry) {
    const code = element("code", "", entry.name);
    if (entry.args.length) {
      code.append("(");
      entry.args.forEach((arg, index) => code.append(index ? ", " : "", `${arg.name}: `, typeLink(arg.type), arg.fallback ? ` = ${arg.fallback}` : ""));
      code.append(")");
    }
    if (entry.type) code.append(": ", typeLink(entry.type), entry.fallback ? ` = ${entry.fallback}` : "");
    const made = element("div", "entry", code);
    if (entry.deprecated !== undefined) made.append(element("p", "deprecated", `Deprecated. ${entry.deprecated}`));
    if (entry.description) made.append(element("p", "", entry.description));
    for (const arg of entry.args) if (arg.description) made.append(element("p", "", element("code", "", arg.name), ` – ${arg.description}`));
    return made;
  }
  function show(name) {
    const type = schema.types.get(name);
    open = name;
    const back = element("p", "", link("", "All types"));
    page.replaceChildren(back, element("h1", "", `${type.kind} ${type.name}`), element("p", "", type.description));
    const related = [...type.implements ?? [], ...type.union ?? []];
    const users = type.kind === "interface" ? [...schema.types.values()].filter((other) => other.implements?.includes(name)).map((other) => other.name) : [];
    for (const other of [...related, ...users]) page.append(element("div", "", link(other)));
    page.append(...type.members.map(member));
    page.parentElement.scrollTop = 0;
  }
  function index() {
    open = null;
    const roots = Object.values(schema.roots).filter((name) => schema.types.has(name));
    const others = [...schema.types.keys()].filter((name) => !roots.includes(name)).sort();
    page.replaceChildren(element("h1", "", "Schema"), ...roots.concat(others).map((name) => element("div", "", link(name))));
  }
  function find(words) {
    const wanted = words.toLowerCase();
    const hits = [];
    for (const type of schema.types.values()) {
      if (type.name.toLowerCase().includes(wanted)) hits.push(element("div", "", link(type.name)));
      for (const entry of type.members) if (entry.name.toLowerCase().includes(wanted)) hits.push(element("div", "", link(type.name, `${type.name}.${entry.name}`)));
    }
    page.replaceChildren(element("h1", "", `${hits.length} found`), ...hits.slice(0, 200));
  }

  page.addEventListener("click", (event) => {
    if (event.target.getAttribute?.("href") === "#") index();
  });
  search.addEventListener("input", () => schema && (search.value.trim() ? find(search.value.trim()) : index()));
  return {
    load(found) {
      schema = found;
      if (open && schema.types.has(open)) show(open);
      else index();
    },
    note(words) {
      schema = null;
      page.replaceChildren(element("p", "note", words));
    },
  };
}
