// The explorer: an editor, a result, the documentation. Everything comes from this server; nothing is fetched elsewhere.
// The token stays in this tab (sessionStorage); the document is kept for the next time (localStorage).

import { createDocs } from "./docs.js";
import { createEditor, paint } from "./editor.js";
import { complete, operations, readSchema } from "./language.js";
import { fetchSchema, send, subscribe } from "./transport.js";

const by = (id) => document.getElementById(id);
const [status, result, token, run] = ["status", "result", "token", "run"].map(by);
const docs = createDocs(by("page"), by("search"));
let schema = null;
let stop = null;

const START = `# Paste a token above; \`recert demo\` prints some. Ctrl-Enter runs, Ctrl-Space completes.
query {
  cases(first: 5, filter: { status: [DUE] }) {
    totalCount
    nodes { id number status dueOn isOverdue client { displayName } }
  }
}
`;
const kept = (name, fallback) => localStorage.getItem(`recert.${name}`) ?? fallback;
const keep = (name) => (text) => localStorage.setItem(`recert.${name}`, text);

const query = createEditor(by("query"), {
  onChange: (text) => (keep("query")(text), listOperations(text)),
  complete: (text, caret) => schema && complete(schema, text, caret),
  onRun: start,
});
const variables = createEditor(by("variables"), { onChange: keep("variables"), onRun: start });
const headers = createEditor(by("headers"), { onRun: start });

function listOperations(text) {
  const names = operations(text).filter((operation) => operation.name);
  const picker = by("operation");
  const before = picker.value;
  picker.replaceChildren(...names.map(({ name }) => new Option(name, name)));
  if (names.some(({ name }) => name === before)) picker.value = before;
  picker.hidden = names.length < 2;
}

/** A JSON object from an editor; empty text is an empty one. */
function object(editor, what) {
  const value = editor.value.trim() ? JSON.parse(editor.value) : {};
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error(`${what} must be a JSON object`);
  return value;
}

function show(value, className) {
  const block = document.createElement("pre");
  block.className = className;
  paint(block, typeof value === "string" ? value : JSON.stringify(value, null, 2));
  result.append(block);
  // A long stream keeps its newest events.
  while (result.children.length > 500) result.firstChild.remove();
  result.scrollTop = result.scrollHeight;
}

function about({ status: code, body, time }) {
  const cost = body.extensions?.cost;
  const spent = cost ? `, cost ${cost.complexity} of ${cost.limit}` : "";
  return `${code} in ${Math.round(time)} ms${spent}`;
}

async function start() {
  if (stop) return stop();
  result.replaceChildren();
  try {
    const all = operations(query.value);
    const picked = all.find(({ name }) => name && name === by("operation").value) ?? all[0];
    const request = { query: query.value, variables: object(variables, "variables") };
    if (picked?.name) request.operationName = picked.name;
    if (picked?.kind === "subscription") return follow(request);
    status.value = "…";
    const answer = await send(request, token.value.trim(), object(headers, "headers"));
    show(answer.body, "");
    result.scrollTop = 0;
    status.value = about(answer);
  } catch (error) {
    status.value = "";
    show(String(error.message ?? error), "note");
  }
}

function follow(request) {
  let events = 0;
  run.textContent = "Stop";
  status.value = "connecting";
  stop = subscribe(request, token.value.trim(), {
    open: () => (status.value = "listening"),
    next: (payload) => {
      events += 1;
      status.value = `${events} received`;
      show(payload, "event");
    },
    end: (words) => {
      stop = null;
      run.textContent = "Run";
      status.value = `${events} received, ${words}`;
    },
  });
}

async function loadSchema() {
  sessionStorage.setItem("recert.token", token.value.trim());
  if (!token.value.trim()) return docs.note("The documentation appears once there is a token.");
  try {
    schema = readSchema(await fetchSchema(token.value.trim()));
    docs.load(schema);
  } catch (error) {
    schema = null;
    docs.note(`The schema cannot be read: ${error.message}.`);
  }
}

async function loadExamples() {
  const examples = await (await fetch("/graphiql/examples.json")).json();
  const picker = by("examples");
  picker.replaceChildren(new Option("Examples", ""), ...examples.map(({ name }) => new Option(name, name)));
  picker.addEventListener("change", () => {
    const example = examples.find(({ name }) => name === picker.value);
    if (example) query.value = example.document;
    picker.value = "";
  });
}

run.addEventListener("click", start);
token.addEventListener("change", loadSchema);
by("toggle-docs").addEventListener("click", (event) => {
  by("docs").hidden = !by("docs").hidden;
  event.target.setAttribute("aria-expanded", String(!by("docs").hidden));
});
token.value = sessionStorage.getItem("recert.token") ?? "";
query.value = kept("query", START);
variables.value = kept("variables", "{}");
await Promise.all([loadExamples(), loadSchema()]);
document.body.dataset.ready = "true";
