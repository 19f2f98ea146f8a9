/** XML as S3 speaks it: elements with text or with elements, no attributes that matter. */

/** Text, a list of one name, or elements by name; undefined leaves the element out. */
export type XmlContent = string | number | boolean | undefined | XmlNode | readonly XmlNode[] | readonly string[];
export interface XmlNode {
  readonly [name: string]: XmlContent;
}

const escape = (text: string): string =>
  text.replace(
    /[&<>"\r]/g,
    (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;" })[character] ?? character,
  );

function element(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((item: string | XmlNode) => element(name, item)).join("");
  const inner = typeof content === "object" ? children(content as XmlNode) : escape(String(content));
  return `<${name}>${inner}</${name}>`;
}

const children = (node: XmlNode): string =>
  Object.entries(node)
    .map(([name, content]) => element(name, content))
    .join("");

export const xmlDocument = (
  root: string,
  node: XmlNode,
  namespace = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"',
): string => `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${namespace}>${children(node)}</${root}>`;

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly elements: readonly XmlElement[];
}

/** The root element, or undefined for what is not well-formed. Prefixes and attributes are dropped; no entities are defined. */
export function parseXml(source: string): XmlElement | undefined {
  interface Open {
    readonly name: string;
    text: string;
    readonly elements: XmlElement[];
  }
  const document: Open = { name: "", text: "", elements: [] };
  const stack: Open[] = [document];
  const tokens = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([^\s/>]+)[^>]*?(\/?)>|([^<]+)/g;
  let end = 0;
  for (const token of source.matchAll(tokens)) {
    if (token.index !== end) return undefined;
    end = token.index + token[0].length;
    const [, cdata, closing, qualified, selfClosing, text] = token;
    const current = stack.at(-1)!;
    if (cdata !== undefined) current.text += cdata;
    else if (text !== undefined) current.text += unescape(text);
    else if (qualified !== undefined) {
      const name = qualified.replace(/^.*:/, "");
      if (closing) {
        if (current.name !== name || stack.length === 1) return undefined;
        stack.pop();
        stack.at(-1)!.elements.push(current);
      } else if (selfClosing) current.elements.push({ name, text: "", elements: [] });
      else stack.push({ name, text: "", elements: [] });
    }
  }
  return stack.length === 1 && end === source.length && document.elements.length === 1
    ? document.elements[0]
    : undefined;
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return named[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });

export const childrenOf = (parent: XmlElement | undefined, name: string): readonly XmlElement[] =>
  parent?.elements.filter((child) => child.name === name) ?? [];
export const childText = (parent: XmlElement | undefined, name: string): string | undefined =>
  childrenOf(parent, name)[0]?.text;
export const childTexts = (parent: XmlElement, name: string): string[] =>
  childrenOf(parent, name).map(({ text }) => text);
