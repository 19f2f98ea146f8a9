import { diceOf } from "../conformance/random.ts";

/** Pieces that the grammar gives a meaning to. */
const tokens = [
  "(", ")", "[", "]", "{", "}", "[*]", ".*", "...", "=>", "=", "==", "?", ":", ",", "&&", "||", "!", "-", "+", "/", "%",
  '"', '"${', "}", "%{ if true }", "%{ endif }", "%{ for x in [1] }", "%{ endfor }", "~}", "${~", "$${", "<<EOT\n", "\nEOT\n", "<<-A\n",
  "for", "in", "if", "null", "true", "each", "var.", "1e999", "1e99999999", "0x1", "\\u0000", "\u0000", "\ud800", "é", "\n", "#", "//", "/*", "*/",
  "range(1024)", "format(\"%99999999d\", 1)", "setproduct(range(1000), range(1000), range(1000))", "yamldecode(\"a: &a [*a, *a]\")",
  "regex(\"(a*)*b\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\")", "pow(10, 400)", "resource", "variable", "dynamic", "module", "locals",
]; // prettier-ignore

/** A text made from the seeds' texts by cutting, doubling, moving and putting together; sometimes nested very deep. */
export function mutated(seed: number, corpus: readonly string[]): string {
  const dice = diceOf(seed);
  const one = (): string => corpus[dice(corpus.length)] as string;
  let text = one();
  for (let step = dice(6); step >= 0; step--) {
    const at = dice(text.length + 1);
    const to = Math.min(text.length, at + dice(12));
    switch (dice(8)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, to) + text.slice(at);
        break;
      case 2:
        text = text.slice(0, at) + one() + text.slice(at);
        break;
      case 3:
        text = text.slice(0, at) + one().slice(dice(20));
        break;
      case 4:
        text = nested(dice(6), 10 ** (1 + dice(4)), text);
        break;
      default:
        text = text.slice(0, at) + (tokens[dice(tokens.length)] as string) + text.slice(to);
    }
    if (text.length > 200_000) return text.slice(0, 200_000);
  }
  return text;
}

function nested(how: number, depth: number, text: string): string {
  const around = ([
    ["(", ")"], ["[", "]"], ["{ a = ", " }"], ["!", ""], ['"${', '}"'], ["true ? 1 : ", ""],
  ] as const)[how] as readonly [string, string]; // prettier-ignore
  return around[0].repeat(depth) + text + around[1].repeat(depth);
}
