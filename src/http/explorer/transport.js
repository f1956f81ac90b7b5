// Requests over HTTP, subscriptions over graphql-transport-ws.

/** Sends a query or a mutation; answers the body with its status and time. */
export async function send(request, token, headers) {
  const begun = performance.now();
  const response = await fetch("/graphql", {
    method: "POST",
    headers: {
      ...headers,
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json;q=0.9",
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
    cache: "no-store",
  });
  const body = await response.json();
  return { status: response.status, body, time: performance.now() - begun };
}

/** The printed schema. */
export async function fetchSchema(token) {
  const response = await fetch("/schema.graphql", { headers: { authorization: `Bearer ${token}` }, cache: "no-store" });
  if (!response.ok) throw new Error(response.status === 401 ? "the token is not valid" : `status ${response.status}`);
  return response.text();
}

/** Follows a subscription on a socket of its own. `on` has `open`, `next(result)` and `end(words)`; answers how to stop. */
export function subscribe(request, token, on) {
  const address = new URL("/graphql", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const socket = new WebSocket(address, "graphql-transport-ws");
  const say = (message) => socket.send(JSON.stringify(message));
  let ended = false;
  const end = (words) => {
    if (ended) return;
    ended = true;
    socket.close(1000);
    on.end(words);
  };
  socket.onopen = () => say({ type: "connection_init", payload: token ? { Authorization: `Bearer ${token}` } : {} });
  socket.onclose = (event) => end(`closed with ${event.code}${event.reason && `: ${event.reason}`}`);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    switch (message.type) {
      case "connection_ack":
        say({ type: "subscribe", id: "1", payload: request });
        return on.open();
      case "ping":
        return say({ type: "pong" });
      case "next":
        return on.next(message.payload);
      case "error":
        return on.next({ errors: message.payload }), end("ended with an error");
      case "complete":
        return end("complete");
    }
  };
  return () => {
    if (socket.readyState === WebSocket.OPEN) say({ type: "complete", id: "1" });
    end("stopped");
  };
}
