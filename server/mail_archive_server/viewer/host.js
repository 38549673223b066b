"use strict";
// The host around the frame: JSON-RPC over postMessage, as the MCP Apps specification of 2026-01-26 has it.

const host = (() => {
  const PROTOCOL = "2026-01-26";
  const CALL_MILLISECONDS = 90_000;
  const waiting = new Map();
  const listeners = new Map();
  let last = 0;
  let capabilities = {};

  function send(message) {
    // The host's origin is not known to a sandboxed frame, and nothing secret is sent: what it gave, it knows.
    window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  }

  function notify(method, params = {}) {
    send({ method, params });
  }

  function request(method, params = {}) {
    const id = ++last;
    send({ id, method, params });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error("The host did not answer."));
      }, CALL_MILLISECONDS);
      waiting.set(id, { resolve, reject, timer });
    });
  }

  function settle({ id, result, error }) {
    const asked = waiting.get(id);
    if (!asked) return;
    waiting.delete(id);
    clearTimeout(asked.timer);
    if (error) asked.reject(new Error(String(error.message ?? "The host refused.")));
    else asked.resolve(result ?? {});
  }

  window.addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || !message || message.jsonrpc !== "2.0") return;
    if (message.method === undefined) {
      settle(message);
      return;
    }
    const listener = listeners.get(message.method);
    if (message.id === undefined) {
      listener?.(message.params ?? {});
    } else if (message.method === "ping" || listener) {
      send({ id: message.id, result: listener?.(message.params ?? {}) ?? {} });
    } else {
      send({ id: message.id, error: { code: -32601, message: "Method not found" } });
    }
  });

  return {
    /** Have a function called with the parameters of what the host sends by that method. */
    on(method, listener) {
      listeners.set(method, listener);
    },

    /** Shake hands; gives the host's context. */
    async connect() {
      const answer = await request("ui/initialize", {
        protocolVersion: PROTOCOL,
        appInfo: { name: "mail-archive-view", version: "1" },
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
      });
      capabilities = answer.hostCapabilities ?? {};
      notify("ui/notifications/initialized");
      return answer.hostContext ?? {};
    },

    can(capability) {
      return capabilities[capability] !== undefined;
    },

    /** What one of the server's tools answers, as its structured content. */
    async ask(tool, args) {
      if (!this.can("serverTools")) throw new Error("This host lets the view ask for nothing more. Ask in the chat.");
      const answer = await request("tools/call", { name: "view_archive", arguments: { tool, arguments: args } });
      if (answer.isError || !answer.structuredContent) {
        const words = (answer.content ?? []).map((block) => block.text ?? "").join(" ");
        throw new Error(words || `${tool} gave no answer.`);
      }
      return answer.structuredContent;
    },

    /** Tell the model which messages the person looks at. Ids alone: what a mail says is no part of it. */
    tellModel(ids) {
      if (!this.can("updateModelContext")) return;
      const words = ids.length
        ? `In the view of the search the user looks at ${counted(ids.length, "message")}: ${ids.join(", ")}.`
        : "The user looks at no message of the view now.";
      request("ui/update-model-context", {
        content: [{ type: "text", text: words }],
        structuredContent: { ArchivedMessageIds: ids },
      }).catch(() => {});
    },

    async openLink(url) {
      const answer = await request("ui/open-link", { url });
      if (answer.isError) throw new Error("The host did not open it.");
    },

    requestDisplayMode(mode) {
      return request("ui/request-display-mode", { mode });
    },

    /** Say how large the page is, whenever that changes, once it has come to rest. */
    reportSize() {
      let timer = 0;
      let said = "";
      new ResizeObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          // The body's own height: the document is never lower than the frame.
          const width = document.documentElement.scrollWidth;
          const height = Math.ceil(document.body.getBoundingClientRect().height);
          if (said === `${width}x${height}`) return;
          said = `${width}x${height}`;
          notify("ui/notifications/size-changed", { width, height });
        }, 50);
      }).observe(document.body);
    },
  };
})();
