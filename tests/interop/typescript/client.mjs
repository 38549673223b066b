// The TypeScript SDK, version 1 and the client of version 2: each lists the tools, calls all of them, and holds every
// structured answer to its published schema with ajv in strict mode.
import { Client as ClientOfTwo } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioOfTwo } from "@modelcontextprotocol/client/stdio";
import { Client as ClientOfOne } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioOfOne } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const told = JSON.parse(process.argv[2]);
const archive = { archive_id: told.archive_id };
const message = { archived_message_id: told.archived_message_id };
const range = { ...archive, from_timestamp: "2025-04-01", to_timestamp: "2025-04-30" };

// The calls in their order; what one found is what a later one asks for.
const calls = [
  ["list_archives", () => ({})],
  ["get_archive", () => archive],
  ["search_archive", () => ({ ...range, subject: ["bank"], filter_here: { body: ["account"] }, exclude: { cc: ["x"] } })],
  ["summarize_archive_search", () => ({ ...range, group_by: ["sender", "gap", "year", "link_host", "finding"] })],
  ["start_archive_search", () => range],
  ["get_archive_search", (found) => ({ search_id: found.start_archive_search.SearchId })],
  ["get_archive_search_results", (found) => ({ search_id: found.start_archive_search.SearchId, detail: "full" })],
  ["list_archive_searches", () => archive],
  ["stop_archive_search", (found) => ({ search_id: found.start_archive_search.SearchId })],
  ["get_archive_message", () => message],
  ["get_archive_message_content", () => message],
  ["get_archive_thread", () => ({ ...archive, ...message, new_text: true })],
  ["read_archive_message", () => message],
  [
    "read_archive_attachment",
    (found) => ({ ...message, attachment_id: found.read_archive_message.Attachments[0].AttachmentId }),
  ],
  ["read_archive_messages", () => ({ archived_message_ids: [told.archived_message_id, "nothing"], sections: ["route"] })],
  [
    "compare_archive_messages",
    (found) => ({ a: told.archived_message_id, b: found.search_archive.Rows.at(-1).ArchivedMessageId }),
  ],
  ["check_quotations", () => ({ quotations: [{ ...message, quotation: "our new account" }] })],
];

async function investigate(client, transport) {
  await client.connect(transport);
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  addFormats.default(ajv);
  const { tools } = await client.listTools();
  const schemas = new Map(tools.map((tool) => [tool.name, ajv.compile(tool.outputSchema)]));
  for (const tool of tools) ajv.compile(tool.inputSchema);
  const found = {};
  for (const [name, given] of calls) {
    const result = await client.callTool({ name, arguments: given(found) });
    if (result.isError) throw new Error(`${name}: ${result.content[0].text}`);
    const valid = schemas.get(name);
    if (!valid(result.structuredContent)) throw new Error(`${name}: ${ajv.errorsText(valid.errors)}`);
    found[name] = result.structuredContent;
  }
  await client.close();
  return { converted: [...schemas.keys()].sort(), called: Object.keys(found) };
}

const identity = { name: "interop", version: "1.0.0" };
const server = { command: told.command, args: told.args };
const one = await investigate(new ClientOfOne(identity), new StdioOfOne(server));
const two = await investigate(new ClientOfTwo(identity), new StdioOfTwo(server));
if (JSON.stringify(one) !== JSON.stringify(two)) throw new Error("the two clients see different tools");
console.log(JSON.stringify(one));
