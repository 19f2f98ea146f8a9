// {{#if api}}
import { site } from "../site.ts";
import type { Settings } from "../settings.ts";

const user = {
  type: "object",
  required: ["username", "name", "url", "picture", "joined"],
  additionalProperties: false,
  properties: {
    username: { type: "string" },
    name: { type: "string" },
    url: { type: "string", description: "The profile page." },
    picture: { type: ["string", "null"], description: "Address of the picture." },
    joined: { type: "string", format: "date-time" },
  },
} as const;

const me = {
  ...user,
  required: [...user.required, "email", "time_zone"],
  properties: { ...user.properties, email: { type: "string" }, time_zone: { type: "string" } },
} as const;

const error = { type: "object", required: ["error"], properties: { error: { type: "string" } } } as const;

const answer = (description: string, schema: object): object => ({ description, content: { "application/json": { schema } } });
const refusals = {
  "401": answer("No valid token.", { $ref: "#/components/schemas/Error" }),
  "429": answer("Too many requests.", { $ref: "#/components/schemas/Error" }),
};
const userRef = { $ref: "#/components/schemas/User" };
const meRef = { $ref: "#/components/schemas/Me" };

/** The API as an OpenAPI 3.1 document: what `/api/docs/` shows, and what the tests hold the answers against. */
export const apiDocument = (settings: Settings) => ({
  openapi: "3.1.0",
  info: { title: site.name, version: "1", description: `The JSON API of ${site.name}. Tokens are made at /accounts/tokens/.` },
  servers: [{ url: settings.siteUrl }],
  security: [{ token: [] }],
  paths: {
    "/api/users/": {
      get: {
        operationId: "listUsers",
        summary: "Users, by username",
        description: "Needs the permission users.view.",
        parameters: [
          { name: "after", in: "query", description: "The last username of the page before.", schema: { type: "string" } },
          { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 100, default: 50 } },
        ],
        responses: {
          "200": answer("A page of users.", {
            type: "object",
            required: ["users", "next"],
            properties: { users: { type: "array", items: userRef }, next: { type: ["string", "null"] } },
          }),
          "403": answer("Not permitted.", { $ref: "#/components/schemas/Error" }),
          ...refusals,
        },
      },
    },
    "/api/users/me/": {
      get: { operationId: "getMe", summary: "Who the token belongs to", responses: { "200": answer("The user.", meRef), ...refusals } },
      patch: {
        operationId: "updateMe",
        summary: "Change name or time zone",
        requestBody: {
          required: true,
          content: {
            "application/json": {
              schema: { type: "object", additionalProperties: false, properties: { name: { type: "string", maxLength: 255 }, time_zone: { type: "string" } } },
            },
          },
        },
        responses: { "200": answer("The user.", meRef), "422": answer("A value is wrong.", { $ref: "#/components/schemas/Error" }), ...refusals },
      },
    },
    "/api/users/{username}/": {
      get: {
        operationId: "getUser",
        summary: "A user",
        parameters: [{ name: "username", in: "path", required: true, schema: { type: "string" } }],
        responses: { "200": answer("The user.", userRef), "404": answer("No such user.", { $ref: "#/components/schemas/Error" }), ...refusals },
      },
    },
  },
  components: {
    securitySchemes: { token: { type: "http", scheme: "bearer" } },
    schemas: { User: user, Me: me, Error: error },
  },
});

export type ApiDocument = ReturnType<typeof apiDocument>;
// {{/if}}
