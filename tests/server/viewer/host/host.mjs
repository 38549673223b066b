// A host of MCP Apps for tests: the bridge that ext-apps gives to hosts, one frame, and the tests' own server behind it.

import { AppBridge, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge";

/** What came from the view, in order, for tests to look at. */
window.heard = { contexts: [], links: [], sizes: [], modes: [] };

/**
 * Show a view as hosts do: handshake, arguments, result. `callTool` is a function of the page that the test gives; it takes
 * and gives JSON.
 */
window.show = async ({ url, context, capabilities, args, result }) => {
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  document.body.replaceChildren(frame);
  const bridge = new AppBridge(null, { name: "test-host", version: "1" }, capabilities, { hostContext: context });
  bridge.oncalltool = async (params) => JSON.parse(await window.callTool(JSON.stringify(params)));
  bridge.onopenlink = async ({ url: link }) => {
    window.heard.links.push(link);
    return {};
  };
  bridge.onupdatemodelcontext = async (params) => {
    window.heard.contexts.push(params);
    return {};
  };
  bridge.onrequestdisplaymode = async ({ mode }) => {
    window.heard.modes.push(mode);
    return { mode };
  };
  bridge.onsizechange = (size) => {
    window.heard.sizes.push(size);
    frame.style.height = `${size.height}px`;
  };
  const shaken = new Promise((resolve) => {
    bridge.oninitialized = resolve;
  });
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.src = url;
  await shaken;
  await bridge.sendToolInput({ arguments: args });
  await bridge.sendToolResult(result);
  window.bridge = bridge;
};
