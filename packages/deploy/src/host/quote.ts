const plain = /^[\w@%+=:,./-]+$/;

/** One word of a POSIX shell: itself where it is plain, single-quoted otherwise. */
export const quote = (word: string): string => (plain.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** A command line that a POSIX shell reads back as exactly this argv. */
export const commandLine = (argv: readonly string[]): string => argv.map(quote).join(" ");

/** Argv of a shell script with arguments (`$1`, `$2`, …): values never become part of the script. */
export const shellScript = (script: string, ...args: readonly string[]): readonly string[] => [
  "sh",
  "-ceu",
  script,
  "sh",
  ...args,
];
