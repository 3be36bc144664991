// Both of JavaScript's Redis clients, as they are, against the port that is given. Prints one JSON line.
import Redis from "ioredis";
import { createClient } from "redis";

const port = Number(process.argv[2]);

async function withIoredis() {
  const client = new Redis({ port });
  const listener = new Redis({ port });
  const heard = new Promise((resolve) => listener.on("message", (channel, text) => resolve([channel, text])));
  await listener.subscribe("news");
  const id = await client.xadd("js:io", "*", "a", "1");
  await client.pipeline().xadd("js:io", "*", "a", "2").xadd("js:io", "*", "a", "3").exec();
  const range = await client.xrange("js:io", "-", "+");
  const waiting = listener.duplicate().xread("BLOCK", 5000, "STREAMS", "js:io", range.at(-1)[0]);
  await client.publish("news", "from ioredis");
  const late = setInterval(() => client.xadd("js:io", "*", "a", "4"), 20);
  const read = await waiting;
  clearInterval(late);
  const refused = await client.xdel("js:io", id).catch((error) => error.message);
  return { id, values: range.map(([, fields]) => fields[1]), heard: await heard, read: read[0][1][0][1], refused };
}

async function withNodeRedis(RESP) {
  const client = await createClient({ url: `redis://127.0.0.1:${port}`, RESP }).connect();
  const listener = await client.duplicate().connect();
  const heard = new Promise((resolve) => listener.subscribe("news", (text) => resolve(text)));
  const topic = `js:node:${RESP}`;
  await client.xAdd(topic, "*", { a: "1", b: "2" });
  await Promise.all([client.xAdd(topic, "*", { a: "3" }), client.xAdd(topic, "*", { a: "4" })]);
  const range = await client.xRange(topic, "-", "+");
  const read = await client.xRead({ key: topic, id: range[0].id }, { COUNT: 1 });
  const length = await client.xLen(topic);
  const reached = setInterval(() => client.publish("news", `from node-redis ${RESP}`), 20);
  const message = await heard;
  clearInterval(reached);
  await listener.close();
  await client.close();
  return { fields: range.map((entry) => ({ ...entry.message })), length, read: JSON.stringify(read).includes('"3"'), message };
}

console.log(JSON.stringify({ ioredis: await withIoredis(), two: await withNodeRedis(2), three: await withNodeRedis(3) }));
process.exit(0);
