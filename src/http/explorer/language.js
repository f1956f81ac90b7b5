// GraphQL as text: tokens for colours, the printed schema for the documentation, and what may stand at the caret.

const TOKEN =
  /(?<comment>#[^\n]*)|(?<string>"""(?:\\"""|[^])*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?)|(?<spread>\.\.\.)|(?<variable>\$\w*)|(?<directive>@\w*)|(?<name>[A-Za-z_]\w*)|(?<number>-?\d[\d.eE+-]*)|(?<punctuator>[{}()[\]:=!|&])|(?<space>[\s,\ufeff]+)|(?<other>.)/gy;

/** Every piece of the text with its kind and place; nothing is left out. */
export function tokens(text) {
  return [...text.matchAll(TOKEN)].map((match) => {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    return { kind, text: match[0], at: match.index };
  });
}

const meaningful = (token) => token.kind !== "space" && token.kind !== "comment";

/** The operations of a document: kind and name. */
export function operations(text) {
  const found = [];
  let depth = 0;
  let before = null;
  for (const token of tokens(text).filter(meaningful)) {
    if (depth === 0 && ["query", "mutation", "subscription"].includes(token.text)) {
      found.push({ kind: token.text, name: null });
      before = found.at(-1);
    } else if (depth === 0 && token.kind === "name" && before && before.name === null) {
      before.name = token.text;
      before = null;
    } else if (depth === 0 && token.text === "fragment") {
      before = { name: "" };
    } else if (token.text === "{") {
      if (depth === 0 && !before && found.length === 0) found.push({ kind: "query", name: null });
      before = null;
      depth += 1;
    } else if (token.text === "}") depth -= 1;
    else if (token.text === "(") before = null;
  }
  return found;
}

/** Reads a printed schema: types by name, each with what the documentation shows. */
export function readSchema(sdl) {
  const all = tokens(sdl).filter(meaningful);
  let at = 0;
  const peek = () => all[at]?.text;
  const next = () => all[at++]?.text;
  const eat = (text) => peek() === text && (at += 1) > 0;
  const description = () => (all[at]?.kind === "string" ? clean(next()) : "");

  function directives() {
    const found = {};
    while (all[at]?.kind === "directive") {
      const name = next().slice(1);
      found[name] = peek() === "(" ? balanced() : "";
    }
    return found;
  }
  function balanced() {
    const from = at;
    let depth = 0;
    do {
      const text = next();
      depth += "([{".includes(text) ? 1 : ")]}".includes(text) ? -1 : 0;
    } while (depth > 0 && at < all.length);
    return all.slice(from + 1, at - 1).map((token) => token.text).join(" ");
  }
  function type() {
    let text = eat("[") ? `[${type().text}${next()}` : next();
    if (eat("!")) text += "!";
    return { text, name: text.replace(/[[\]!]/g, "") };
  }
  function value() {
    if ("[{".includes(peek())) {
      const open = peek();
      return open + balanced() + (open === "[" ? "]" : "}");
    }
    return next();
  }
  function members(close) {
    const found = [];
    while (at < all.length && !eat(close)) {
      const entry = { description: description(), name: next(), args: [], type: null, fallback: null };
      if (eat("(")) entry.args = members(")");
      if (eat(":")) entry.type = type();
      if (eat("=")) entry.fallback = value();
      entry.deprecated = directives().deprecated;
      found.push(entry);
    }
    return found;
  }

  const types = new Map(["String", "Int", "Float", "Boolean", "ID"].map((name) => [name, { kind: "scalar", name, description: "Built in.", members: [] }]));
  const roots = { query: "Query", mutation: "Mutation", subscription: "Subscription" };
  while (at < all.length) {
    const about = description();
    const kind = next();
    if (kind === "schema") {
      directives();
      eat("{");
      for (const root of members("}")) roots[root.name] = root.type.name;
    } else if (kind === "directive") {
      next();
      if (peek() === "(") balanced();
      while (at < all.length && (["on", "repeatable", "|"].includes(peek()) || /^[A-Z_]+$/.test(peek()))) next();
    } else if (["type", "interface", "input", "enum", "union", "scalar"].includes(kind)) {
      const found = { kind, name: next(), description: about, members: [], implements: [], union: [] };
      if (eat("implements")) {
        do {
          eat("&");
          found.implements.push(next());
        } while (peek() === "&");
      }
      directives();
      if (eat("=")) {
        do {
          eat("|");
          found.union.push(next());
        } while (peek() === "|");
      }
      if (eat("{")) found.members = members("}");
      types.set(found.name, found);
    }
  }
  return { types, roots };
}

function clean(text) {
  if (!text.startsWith('"""')) return text.slice(1, -1).replace(/\\(.)/g, "$1");
  return text.slice(3, -3).split("\n").map((line) => line.trim()).join("\n").trim();
}

/** What may stand at the caret: `{ from, options: [{ text, type, description }] }`. */
export function complete(schema, text, caret) {
  const before = tokens(text.slice(0, caret));
  if (["string", "comment"].includes(before.at(-1)?.kind)) return null;
  const partial = ["name", "variable"].includes(before.at(-1)?.kind) ? before.pop() : null;
  const path = [];
  let root = schema.roots.query;
  let condition = null;
  let field = null;
  let last = "";
  let declaring = false;
  const fieldOf = (type, name) => schema.types.get(type)?.members.find((member) => member.name === name) ?? null;
  for (const token of before.filter(meaningful)) {
    const top = path.at(-1);
    if (token.text === "{") {
      if (top?.args) path.push({ args: schema.types.get(top.current?.type?.name)?.members ?? [] });
      else {
        path.push({ type: condition ?? (path.length ? field?.type?.name : root) });
        condition = field = null;
      }
      declaring = false;
    } else if (token.text === "(") {
      declaring = !top;
      path.push({ args: top ? (field?.args ?? []) : [], current: null });
    } else if (token.text === "}" || token.text === ")") {
      // After an argument's object the field goes on; after a selection it is done.
      if (path.pop()?.args === undefined) field = null;
    } else if (token.kind === "name") {
      if (last === "on") condition = token.text;
      else if (!top && schema.roots[token.text]) root = schema.roots[token.text];
      else if (top?.args && last !== ":") top.current = top.args.find((arg) => arg.name === token.text) ?? top.current;
      else if (top?.type) field = fieldOf(top.type, token.text);
    }
    last = token.text;
  }
  const top = path.at(-1);
  const from = partial ? partial.at : caret;
  const typed = (partial?.text ?? "").toLowerCase();
  const of = (entry) => ({ text: entry.name, type: entry.type?.text ?? "", description: entry.description, needs: entry });
  let options = [];
  if (last === "on" || (declaring && last === ":")) {
    const wanted = last === "on" ? ["type", "interface"] : ["input", "enum", "scalar"];
    options = [...schema.types.values()].filter((type) => wanted.includes(type.kind)).map((type) => ({ text: type.name, type: type.kind, description: type.description }));
  } else if (top?.args && (last === ":" || last === "[")) {
    const type = schema.types.get(top.current?.type?.name);
    options = type?.kind === "enum" ? type.members.map(of) : type?.name === "Boolean" ? ["true", "false"].map((text) => ({ text, type: "", description: "" })) : [];
  } else if (top?.args) options = top.args.map((arg) => ({ ...of(arg), after: ": " }));
  else if (top?.type) options = [...(schema.types.get(top.type)?.members ?? []).map(of), { text: "__typename", type: "String!", description: "The name of the object's type." }];
  else if (!top) options = Object.keys(schema.roots).filter((kind) => schema.types.has(schema.roots[kind])).concat("fragment").map((text) => ({ text, type: "", description: "" }));
  options = options.filter((option) => option.text.toLowerCase().includes(typed) && option.text !== partial?.text);
  options.sort((one, other) => Number(other.text.toLowerCase().startsWith(typed)) - Number(one.text.toLowerCase().startsWith(typed)));
  return { from, options };
}
