// Every sentence that the app says, in one place: another language is another folder beside these files.

import { account } from "./account";
import { developers } from "./developers";
import { entrance } from "./entrance";
import { guilds } from "./guilds";
import { hearing } from "./hearing";
import { messages } from "./messages";
import { operator } from "./operator";
import { people } from "./people";
import { shell } from "./shell";

export const words = { account, developers, entrance, guilds, hearing, messages, operator, people, shell };
