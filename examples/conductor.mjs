// The same bot in discord.js: `BOT_TOKEN=… node examples/conductor.mjs [http://127.0.0.1:8080]`.
import { Client, Events, GatewayIntentBits } from "discord.js";

// All that is different from a bot on Discord: where it goes.
const api = `${process.argv[2] ?? "http://127.0.0.1:8080"}/api`;
const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;
const client = new Client({ intents: [Guilds, GuildMessages, MessageContent], rest: { api } });

client.once(Events.ClientReady, () => {
  console.log(`${client.user.tag} is in ${client.guilds.cache.map((guild) => guild.name).join(", ")}`);
});

client.on(Events.MessageCreate, async (message) => {
  if (message.content === "!ping") await message.reply("pong");
});

await client.login(process.env.BOT_TOKEN);
