//! Documents that mean harm, or would do some by mistake, with the code that each is refused with. The gate's own test
//! times them; `tests/it/http/hostile.rs` sends them over HTTP and over a WebSocket.

/// One bad document.
pub(crate) struct Hostile {
    /// What is bad about it.
    pub(crate) name: &'static str,
    pub(crate) document: String,
    /// Variables as JSON.
    pub(crate) variables: &'static str,
    /// `extensions.code` of the refusal.
    pub(crate) code: &'static str,
}

const COMPLEX: &str = "QUERY_TOO_COMPLEX";
const INVALID: &str = "GRAPHQL_VALIDATION_FAILED";
const MALFORMED: &str = "GRAPHQL_PARSE_FAILED";
const INPUT: &str = "BAD_USER_INPUT";
const REQUEST: &str = "BAD_REQUEST";

/// All of them. Fields are those of the schema behind the edge's tests, where a document gets as far as a schema.
pub(crate) fn documents() -> Vec<Hostile> {
    let mut all = Vec::new();
    let mut add = |code, rows: Vec<(&'static str, String)>| {
        all.extend(rows.into_iter().map(|(name, document)| Hostile { name, document, variables: "{}", code }));
    };
    add(COMPLEX, deep());
    add(COMPLEX, wide());
    add(COMPLEX, multiplied());
    add(COMPLEX, too_many_roots());
    add(INVALID, circular());
    add(INVALID, curious());
    add(INVALID, unfit());
    add(MALFORMED, malformed());
    add(INPUT, bad_literals());
    add(REQUEST, undecided());
    all.extend(bad_variables());
    all
}

fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect()
}

/// A bracket, so often, around something.
fn nested(open: &str, inner: &str, close: &str, levels: usize) -> String {
    format!("{}{inner}{}", open.repeat(levels), close.repeat(levels))
}

fn deep() -> Vec<(&'static str, String)> {
    let chain = numbered(40, |n| format!("fragment F{n} on Query {{ ... {{ ...F{} }} }} ", n + 1));
    vec![
        ("11 levels of fields", nested("{ a ", "{ b }", "}", 10)),
        ("60 levels of fields", nested("{ a ", "{ b }", "}", 60)),
        ("braces that never close", "{".repeat(16_000)),
        ("brackets that never close", format!("{{ add(a: {}", "[".repeat(3_000))),
        ("parentheses that never close", format!("{{ add{}", "(".repeat(3_000))),
        ("three kinds of brackets in turn", "{a(b:[".repeat(1_500)),
        ("a list 70 deep", format!("{{ add(a: {}, b: 1) }}", nested("[", "1", "]", 70))),
        ("an object 70 deep", format!("{{ add(a: {}, b: 1) }}", nested("{a:", "1", "}", 70))),
        ("a type 1,500 lists deep", format!("query($a: {}) {{ hello }}", nested("[", "Int", "]", 1_500))),
        ("a default 1,500 lists deep", format!("query($a: Int = {}) {{ hello }}", nested("[", "1", "]", 1_500))),
        ("a directive's list 1,500 deep", format!("{{ hello @skip(if: {}) }}", nested("[", "1", "]", 1_500))),
        ("brackets after an open string", format!("{{ a(b: \" \n {}", "[".repeat(3_000))),
        ("brackets after a block string", format!("{{ a(b: \"\"\"x\"\"\" {}", "[".repeat(3_000))),
        ("inline fragments 70 deep", nested("{ ... ", "{ hello }", "}", 70)),
        ("a chain of 40 fragments, two levels each", format!("{{ ...F0 }} {chain} fragment F40 on Query {{ hello }}")),
    ]
}

fn wide() -> Vec<(&'static str, String)> {
    let in_fragments = numbered(40, |n| format!("fragment F{n} on Query {{ x{n}: hello }} "));
    let spread = numbered(40, |n| format!("...F{n} "));
    let operations = numbered(8, |n| format!("query Q{n} {{ {} }} ", numbered(5, |m| format!("x{m}: hello "))));
    vec![
        ("more than 16 KiB of comment", format!("{{ hello }} #{}", "x".repeat(16_384))),
        ("more than 16 KiB of commas", format!("{{ hello {} }}", ",".repeat(16_384))),
        ("more than 2,000 tokens", format!("{{ {} }}", "a ".repeat(2_000))),
        ("2,000 dots", format!("{{ {} }}", "...a ".repeat(1_000))),
        ("501 fields", format!("{{ {} }}", "hello ".repeat(501))),
        ("501 times __typename", format!("{{ {} }}", "__typename ".repeat(501))),
        ("31 aliases", format!("{{ {} }}", numbered(31, |n| format!("x{n}: hello ")))),
        ("aliases spread over fragments", format!("{{ {spread} }} {in_fragments}")),
        ("aliases spread over operations", operations),
        ("51 directives on a field", format!("{{ hello {} }}", "@skip(if: false) ".repeat(51))),
        ("51 directives on an operation", format!("query {} {{ hello }}", "@a ".repeat(51))),
        ("51 directives on a variable", format!("query($a: Int {}) {{ hello }}", "@a ".repeat(51))),
        ("51 directives on a spread", format!("{{ ...F {} }} fragment F on Query {{ hello }}", "@a ".repeat(51))),
        ("51 directives on an inline fragment", format!("{{ ... {} {{ hello }} }}", "@a ".repeat(51))),
        ("51 directives on a fragment", format!("{{ ...F }} fragment F on Query {} {{ hello }}", "@a ".repeat(51))),
        ("11 operations", numbered(11, |n| format!("query Q{n} {{ hello }} "))),
        ("51 fragments", format!("{{ hello }} {}", numbered(51, |n| format!("fragment F{n} on Query {{ hello }} ")))),
    ]
}

fn multiplied() -> Vec<(&'static str, String)> {
    let pairs = |levels: usize, times: usize| {
        let each = |n: usize| format!("fragment F{n} on Query {{ {} }} ", format!("...F{} ", n + 1).repeat(times));
        format!("{{ ...F0 }} {} fragment F{levels} on Query {{ hello }}", numbered(levels, each))
    };
    let inline = |n: usize| format!("fragment F{n} on Query {{ ... {{ ...F{0} }} ... {{ ...F{0} }} }} ", n + 1);
    let fields = |n: usize| format!("fragment F{n} on Query {{ a {{ ...F{0} }} b {{ ...F{0} }} }} ", n + 1);
    vec![
        ("pairs of fragments, 2^30 fields", pairs(30, 2)),
        ("pairs of fragments, 2^49 fields", pairs(49, 2)),
        ("tens of fragments, 10^40 fields", pairs(40, 10)),
        ("hundreds of spreads of one fragment", format!("{{ {} }} fragment F on Query {{ a b }}", "...F ".repeat(300))),
        (
            "pairs inside inline fragments",
            format!("{{ ...F0 }} {} fragment F20 on Query {{ hello }}", numbered(20, inline)),
        ),
        ("pairs of fields", format!("{{ ...F0 }} {} fragment F8 on Query {{ hello }}", numbered(8, fields))),
        ("pairs that nobody spreads", format!("query {{ hello }} {}", pairs(30, 2).replacen("{ ...F0 }", "", 1))),
        ("pages in pages", "{ items(first: 100) { nodes { items(first: 100) { nodes { id } } } } }".to_owned()),
        (
            "pages from the end in pages",
            "{ items(last: 100) { nodes { items(last: 100) { nodes { id } } } } }".to_owned(),
        ),
        (
            "a page of a billion",
            "{ items(first: 1000000000) { nodes { items(first: 1000000000) { nodes { id } } } } }".to_owned(),
        ),
        (
            "pages that do not say their size",
            "{ items { nodes { items { nodes { items { nodes { id } } } } } } }".to_owned(),
        ),
        (
            "pages by a variable's default",
            "query($n: Int = 100) { items(first: $n) { nodes { items(first: $n) { nodes { id } } } } }".to_owned(),
        ),
        (
            "pages behind fragments",
            "{ ...A } fragment A on Query { items(first: 100) { nodes { ...B } } } \
             fragment B on Item { items(first: 100) { nodes { id } } }"
                .to_owned(),
        ),
    ]
}

fn too_many_roots() -> Vec<(&'static str, String)> {
    let touch = |n: usize| format!("t{n}: touch(name: \"x\") ");
    vec![
        ("six mutations", format!("mutation {{ {} }}", numbered(6, touch))),
        (
            "six mutations by a fragment",
            format!("mutation {{ ...F }} fragment F on Mutation {{ {} }}", numbered(6, touch)),
        ),
        ("two billed mutations", "mutation { billed b: billed }".to_owned()),
        ("two billed mutations, one inline", "mutation { billed ... on Mutation { b: billed } }".to_owned()),
        ("two subscriptions at once", "subscription { ticks { number } flood }".to_owned()),
        (
            "two subscriptions by a fragment",
            "subscription { ...F } fragment F on Subscriptions { ticks { number } flood }".to_owned(),
        ),
        ("a subscription and __typename", "subscription { ticks { number } __typename }".to_owned()),
    ]
}

fn circular() -> Vec<(&'static str, String)> {
    let ring = numbered(50, |n| format!("fragment F{n} on Query {{ ...F{} }} ", (n + 1) % 50));
    let short = |body: &str| format!("{{ ...A }} fragment A on Query {{ {body} }}");
    vec![
        ("a fragment in itself", short("...A")),
        ("a fragment in itself, inline", short("... on Query { ...A }")),
        ("a fragment in itself, under a field", short("items { nodes { ...A } }")),
        ("a fragment in itself, behind a directive", short("...A @include(if: false)")),
        (
            "two fragments in each other",
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".to_owned(),
        ),
        ("a ring of 50 fragments", format!("{{ ...F0 }} {ring}")),
        ("a ring that nobody enters", format!("{{ hello }} {ring}")),
    ]
}

fn curious() -> Vec<(&'static str, String)> {
    vec![
        ("the schema", "{ __schema { types { name } } }".to_owned()),
        ("a type", "{ __type(name: \"Query\") { fields { name } } }".to_owned()),
        ("the schema under another name", "{ hello: __schema { types { name } } }".to_owned()),
        ("the schema in a fragment", "{ ...F } fragment F on Query { __schema { types { name } } }".to_owned()),
        ("the schema, not included", "{ hello ... @include(if: false) { __schema { types { name } } } }".to_owned()),
        ("the schema by a mutation", "mutation { __schema { types { name } } }".to_owned()),
        (
            "types of types of types",
            format!("{{ __schema {{ types {} }} }}", nested("{ fields { type ", "{ name }", "} }", 3)),
        ),
    ]
}

fn unfit() -> Vec<(&'static str, String)> {
    let of = |text: &str| text.to_owned();
    vec![
        ("no such field", of("{ hullo }")),
        ("no such argument", of("{ hello(to: 1) }")),
        ("600 arguments", format!("{{ add({}) }}", numbered(600, |n| format!("a{n}: 1 ")))),
        ("the same argument 600 times", format!("{{ add({}) }}", "a: 1 ".repeat(600))),
        ("600 items for a number", format!("{{ add(a: [{}], b: 1) }}", "1 ".repeat(600))),
        ("a list for a number, 60 deep", format!("{{ add(a: {}, b: 1) }}", nested("[", "1", "]", 60))),
        ("an object for a number, 60 deep", format!("{{ add(a: {}, b: 1) }}", nested("{a:", "1", "}", 60))),
        ("300 variables that nobody uses", format!("query({}) {{ hello }}", numbered(300, |n| format!("$v{n}: Int ")))),
        ("a variable that nobody declares", of("{ add(a: $a, b: 1) }")),
        ("a variable of no type", of("query($a: Nothing) { add(a: $a, b: 1) }")),
        ("no such fragment", of("{ ...F }")),
        ("a fragment on nothing", of("{ ...F } fragment F on Nothing { hello }")),
        ("a fragment on a number", of("{ ...F } fragment F on Int { hello }")),
        ("a fragment called on", of("{ hello } fragment on on Query { hello }")),
        ("a fragment that nobody uses", of("{ hello } fragment F on Query { hello }")),
        ("fields of a number", of("{ add(a: 1, b: 1) { digits } }")),
        ("a page without fields", of("{ items }")),
        ("a missing argument", of("{ add(a: 1) }")),
        ("two answers under one name", of("{ a: hello a: add(a: 1, b: 1) }")),
        ("no such directive", of("{ hello @destroy }")),
        ("a directive without its argument", of("{ hello @skip }")),
        ("a directive in the wrong place", of("query @skip(if: true) { hello }")),
        ("a mutation in a query", of("query { touch(name: \"x\") }")),
        ("a long name", format!("{{ {} }}", "x".repeat(16_000))),
    ]
}

fn malformed() -> Vec<(&'static str, String)> {
    let of = |text: &str| text.to_owned();
    vec![
        ("nothing selected", of("{ }")),
        ("only a word", of("query")),
        ("an open brace", of("{ hello")),
        ("a closing brace", of("}")),
        ("a brace too many", of("{ hello } }")),
        ("a comment alone", of("# hello")),
        ("a byte order mark alone", of("\u{feff}")),
        ("an open string", of("{ a(b: \"x) }")),
        ("an open block string", of("{ a(b: \"\"\"x) }")),
        ("no such escape", of("{ a(b: \"\\q\") }")),
        ("an escape without digits", of("{ a(b: \"\\uZZZZ\") }")),
        ("a name that is a number", of("{ 1 }")),
        ("a name that is a text", of("{ \"hello\" }")),
        ("a name that is a picture", of("{ \u{1f600} }")),
        ("a zero byte", of("{ hello\0 }")),
        ("an alias of nothing", of("{ a: }")),
        ("a spread of nothing", of("{ ... }")),
        ("a directive without a name", of("{ hello @ }")),
        ("an argument without a value", of("{ add(a:) }")),
        ("a variable without a name", of("query($: Int) { hello }")),
        ("a variable in a default", of("query($a: Int = $b) { hello }")),
        ("a fragment alone", of("fragment F on Query { hello }")),
        ("a type", of("type Query { hello: String }")),
        ("a query and a type", of("{ hello } type Query { hello: String }")),
        ("two queries without a name", of("{ hello } { hello }")),
        ("a name and no name", of("query A { hello } { hello }")),
        ("one name twice", of("query A { hello } query A { hello }")),
        ("one fragment twice", of("{ ...F } fragment F on Query { hello } fragment F on Query { hello }")),
        ("JSON", of("{\"query\":\"{ hello }\"}")),
        ("SQL", of("SELECT * FROM clients; --")),
    ]
}

fn bad_literals() -> Vec<(&'static str, String)> {
    vec![
        ("an integer of 33 bits", "{ add(a: 4294967296, b: 1) }".to_owned()),
        ("a string of 10,001 characters", format!("mutation {{ touch(name: \"{}\") }}", "x".repeat(10_001))),
        ("a zero byte in a string", "mutation { touch(name: \"\\u0000\") }".to_owned()),
        ("a control character in a string", "mutation { touch(name: \"\\u001b[2J\") }".to_owned()),
        ("a zero byte in a default", "query($a: String = \"\\u0000\") { hello }".to_owned()),
        ("a zero byte in a directive", "{ hello @a(b: \"\\u0000\") }".to_owned()),
        (
            "a zero byte in another operation's fragment",
            "{ hello } fragment F on Query { a(b: \"\\u0000\") }".to_owned(),
        ),
    ]
}

fn undecided() -> Vec<(&'static str, String)> {
    vec![("two operations and no name", "query A { hello } query B { hello }".to_owned())]
}

fn bad_variables() -> Vec<Hostile> {
    let add = "query($a: Int!) { add(a: $a, b: 1) }";
    let page = "query($n: Int!) { items(first: $n) { nodes { items(first: $n) { nodes { id } } } } }";
    let row = |name, document: &str, variables, code| Hostile { name, document: document.to_owned(), variables, code };
    vec![
        row("a variable that is missing", add, "{}", INPUT),
        row("a variable that is null", add, r#"{"a":null}"#, INPUT),
        row("a variable that is a text", add, r#"{"a":"1"}"#, INPUT),
        row("a variable that is a list", add, r#"{"a":[1]}"#, INPUT),
        row("a variable beyond 32 bits", add, r#"{"a":9007199254740993}"#, INPUT),
        row("a variable beyond any number", add, r#"{"a":1e300}"#, INPUT),
        row("a variable with a zero byte", "mutation($n: String!) { touch(name: $n) }", r#"{"n":"\u0000"}"#, INPUT),
        row("a zero byte nobody asked for", "{ hello }", r#"{"x":{"y":["\u0000"]}}"#, INPUT),
        row("pages by variables", page, r#"{"n":100}"#, COMPLEX),
        row("pages by huge variables", page, r#"{"n":2147483647}"#, COMPLEX),
    ]
}
