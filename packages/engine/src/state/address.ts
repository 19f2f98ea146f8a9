/** What an address of the command line names: a module, a resource with all its instances, or one instance. */
export type Address =
  | { readonly kind: "module"; readonly module: string }
  | {
      readonly kind: "resource";
      readonly module?: string;
      readonly mode: "managed" | "data";
      readonly type: string;
      readonly name: string;
      readonly key?: string | number;
    };

/** `module.a["x"].data.t.n[0]` in its parts; undefined for what is no address. */
export function parseAddress(text: string): Address | undefined {
  const parts = partsOf(text);
  if (parts === undefined) return undefined;
  let at = 0;
  while (parts[at]?.name === "module" && parts[at]?.key === undefined && parts[at + 1]) at += 2;
  const module =
    at === 0
      ? undefined
      : parts
          .slice(0, at)
          .map(({ text: part }) => part)
          .join(".");
  const rest = parts.slice(at);
  if (rest.length === 0) return module === undefined ? undefined : { kind: "module", module };
  const data = rest[0]?.name === "data" && rest.length === 3;
  const [type, name] = data ? rest.slice(1) : rest;
  if (type === undefined || name === undefined || type.key !== undefined || rest.length !== (data ? 3 : 2))
    return undefined;
  return {
    kind: "resource",
    ...(module === undefined ? {} : { module }),
    mode: data ? "data" : "managed",
    type: type.name,
    name: name.name,
    ...(name.key === undefined ? {} : { key: name.key }),
  };
}

interface Part {
  readonly text: string;
  readonly name: string;
  readonly key?: string | number;
}

function partsOf(text: string): readonly Part[] | undefined {
  const parts: Part[] = [];
  let rest = text;
  while (rest !== "") {
    const found = /^([\p{L}_][\p{L}\p{N}_-]*)(?:\[(\d+|"(?:[^"\\]|\\.)*")\])?(\.|$)/u.exec(rest);
    if (!found) return undefined;
    const [whole, name = "", key, dot = ""] = found;
    parts.push({
      text: whole.slice(0, whole.length - dot.length),
      name,
      ...(key === undefined ? {} : { key: JSON.parse(key) as string | number }),
    });
    rest = rest.slice(whole.length);
    if (rest === "" && dot === ".") return undefined;
  }
  return parts.length === 0 ? undefined : parts;
}
