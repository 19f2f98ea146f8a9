/**
 * Terraform's plugin protocol 6 as data: what this server speaks of it. Field numbers are those of
 * protocol 6.8 (docs/plugin-protocol in Terraform's repository). A field reads `[repeated] type number`.
 */
import { fromJSON } from "@grpc/proto-loader";

type Fields = Readonly<Record<string, string>>;

const diagnostics = (number: number): Fields => ({ diagnostics: `repeated Diagnostic ${number}` });

const messages: Readonly<Record<string, Fields>> = {
  DynamicValue: { msgpack: "bytes 1", json: "bytes 2" },
  Diagnostic: { severity: "Severity 1", summary: "string 2", detail: "string 3", attribute: "AttributePath 4" },
  Step: { attribute_name: "string 1", element_key_string: "string 2", element_key_int: "int64 3" },
  AttributePath: { steps: "repeated Step 1" },
  RawState: { json: "bytes 1" },
  Attribute: {
    name: "string 1",
    type: "bytes 2",
    description: "string 3",
    required: "bool 4",
    optional: "bool 5",
    computed: "bool 6",
    sensitive: "bool 7",
  },
  NestedBlock: {
    type_name: "string 1",
    block: "Block 2",
    nesting: "Nesting 3",
    min_items: "int64 4",
    max_items: "int64 5",
  },
  Block: {
    version: "int64 1",
    attributes: "repeated Attribute 2",
    block_types: "repeated NestedBlock 3",
    description: "string 4",
  },
  Schema: { version: "int64 1", block: "Block 2" },
  ServerCapabilities: { plan_destroy: "bool 1", get_provider_schema_optional: "bool 2", move_resource_state: "bool 3" },
  TypeName: { type_name: "string 1" },
  ImportedResource: { type_name: "string 1", state: "DynamicValue 2", private: "bytes 3" },
};

/** Request and answer of each call. */
const calls: Readonly<Record<string, readonly [request: Fields, response: Fields]>> = {
  GetMetadata: [
    {},
    {
      server_capabilities: "ServerCapabilities 1",
      ...diagnostics(2),
      data_sources: "repeated TypeName 3",
      resources: "repeated TypeName 4",
    },
  ],
  GetProviderSchema: [
    {},
    {
      provider: "Schema 1",
      resource_schemas: "map Schema 2",
      data_source_schemas: "map Schema 3",
      ...diagnostics(4),
      server_capabilities: "ServerCapabilities 6",
    },
  ],
  ValidateProviderConfig: [{ config: "DynamicValue 1" }, diagnostics(2)],
  ValidateResourceConfig: [{ type_name: "string 1", config: "DynamicValue 2" }, diagnostics(1)],
  ValidateDataResourceConfig: [{ type_name: "string 1", config: "DynamicValue 2" }, diagnostics(1)],
  UpgradeResourceState: [
    { type_name: "string 1", version: "int64 2", raw_state: "RawState 3" },
    { upgraded_state: "DynamicValue 1", ...diagnostics(2) },
  ],
  ConfigureProvider: [{ terraform_version: "string 1", config: "DynamicValue 2" }, diagnostics(1)],
  ReadResource: [
    { type_name: "string 1", current_state: "DynamicValue 2", private: "bytes 3" },
    { new_state: "DynamicValue 1", ...diagnostics(2), private: "bytes 3" },
  ],
  PlanResourceChange: [
    {
      type_name: "string 1",
      prior_state: "DynamicValue 2",
      proposed_new_state: "DynamicValue 3",
      config: "DynamicValue 4",
      prior_private: "bytes 5",
    },
    {
      planned_state: "DynamicValue 1",
      requires_replace: "repeated AttributePath 2",
      planned_private: "bytes 3",
      ...diagnostics(4),
      legacy_type_system: "bool 5",
    },
  ],
  ApplyResourceChange: [
    {
      type_name: "string 1",
      prior_state: "DynamicValue 2",
      planned_state: "DynamicValue 3",
      config: "DynamicValue 4",
      planned_private: "bytes 5",
    },
    { new_state: "DynamicValue 1", private: "bytes 2", ...diagnostics(3), legacy_type_system: "bool 4" },
  ],
  ImportResourceState: [
    { type_name: "string 1", id: "string 2" },
    { imported_resources: "repeated ImportedResource 1", ...diagnostics(2) },
  ],
  ReadDataSource: [
    { type_name: "string 1", config: "DynamicValue 2" },
    { state: "DynamicValue 1", ...diagnostics(2) },
  ],
  GetFunctions: [{}, diagnostics(2)],
  StopProvider: [{}, { Error: "string 1" }],
};

function fields(given: Fields): object {
  const entries = Object.entries(given).map(([name, text]) => {
    const words = text.split(" ");
    const [id, type] = [Number(words.at(-1)), words.at(-2) as string];
    const rule = words.length === 3 ? words[0] : undefined;
    if (rule === "map") return [name, { keyType: "string", type, id }];
    return [name, { type, id, ...(rule === undefined ? {} : { rule }) }];
  });
  return Object.fromEntries(entries);
}

function message(name: string, given: Fields): object {
  return {
    fields: fields(given),
    // An empty name is a step too: one of the three is always said.
    ...(name === "Step" ? { oneofs: { selector: { oneof: Object.keys(given) } } } : {}),
  };
}

const nested = {
  Severity: { values: { INVALID: 0, ERROR: 1, WARNING: 2 } },
  Nesting: { values: { INVALID: 0, SINGLE: 1, LIST: 2, SET: 3, MAP: 4, GROUP: 5 } },
  ...Object.fromEntries(Object.entries(messages).map(([name, given]) => [name, message(name, given)])),
  ...Object.fromEntries(
    Object.entries(calls).map(([name, [request, response]]) => [
      name,
      { nested: { Request: { fields: fields(request) }, Response: { fields: fields(response) } } },
    ]),
  ),
  Provider: {
    methods: Object.fromEntries(
      Object.keys(calls).map((name) => [name, { requestType: `${name}.Request`, responseType: `${name}.Response` }]),
    ),
  },
};

/** The service, as grpc-js wants it. */
export const definition = fromJSON({ nested: { tfplugin6: { nested } } } as unknown as Parameters<typeof fromJSON>[0], {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
