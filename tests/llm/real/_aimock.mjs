// aimock as a model that answers sensibly, through chaos with a fixed seed.
//
//     node _aimock.mjs FOLDER CHAOS
//
// FOLDER has node_modules with aimock, CHAOS is its chaos configuration as JSON. The first line it
// prints is its address; when its input ends, it prints what it served and leaves.
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, chaos] = process.argv.slice(2);
let state = 12345;
Math.random = () => {
  // mulberry32, so that every run meets the same share of faults.
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
};
const { LLMock } = createRequire(join(folder, "x.js"))("@copilotkit/aimock");

const gain = (target, path) => ({ op: "add", target, path, value: 1 });

function answer(request) {
  const { name, schema } = request.response_format.json_schema;
  const kind = name.split("-")[0];
  const text = request.messages[1].content;
  if (kind === "events") {
    const title = { title: "A kite", description: "", type: "social", scope: "global" };
    return { events: [{ ...title, affected_actors: [], effects: [gain("world", "kites")] }] };
  }
  if (kind === "act") {
    const me = text.match(/"id":"(actor:[\w-]+)"/)[1];
    const option = { intent: "looks up", type: "social", targets: [], place: null };
    return { options: [{ ...option, effects: [gain(me, "attributes.joy")] }], selected: 0 };
  }
  if (kind === "resolve") {
    const one = { success: true, reason: "why not", effects: [] };
    return Object.fromEntries(Object.keys(schema.properties).map((id) => [id, one]));
  }
  return { summary: "A day.", effects: [gain("world", "days")] };
}

const mock = new LLMock({ port: 0, chaos: JSON.parse(chaos), logLevel: "silent" });
mock.on({ predicate: (request) => Boolean(request.response_format) }, (request) => ({
  content: JSON.stringify(answer(request)),
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
}));
await mock.start();
console.log(JSON.stringify({ url: `${mock.url}/v1` }));
process.stdin.on("end", async () => {
  const served = mock.getRequests().map((entry) => ({
    status: entry.response.status,
    chaos: entry.response.chaosAction ?? null,
  }));
  console.log(JSON.stringify(served));
  await mock.stop();
  process.exit(0);
});
process.stdin.resume();
