export interface PreloadSettings {
  /** Where listeners on all interfaces stand. */
  readonly address: string;
  /** What 127.0.0.1 is inside the container. */
  readonly loopback: string;
  readonly hostname: string;
  /** A hosts file with the names on the container's networks; read at every lookup, for names come and go. */
  readonly hosts: string;
  /** Ports of this machine's 127.0.0.1 where the local cloud's vendors are: a container reaches those. */
  readonly vendors: readonly number[];
  /** The docker socket, which also answers for the names of the local cloud's zones. */
  readonly socket: string;
}

/**
 * What makes a plain Node process see a container's network: loaded by NODE_OPTIONS before the app. Listeners
 * on all interfaces stand on the container's own address (and on its own loopback), 127.0.0.1 is an address
 * that only this container knows (but for the vendors' ports), names of other containers resolve.
 */
export const preloadScript = (settings: PreloadSettings): string => `"use strict";
const here = ${JSON.stringify(settings)};
${body}`;

const body = `const net = require("node:net");
const dns = require("node:dns");
const fs = require("node:fs");
const os = require("node:os");
const util = require("node:util");

const isLoopback = (host) => host === "localhost" || host === "::1" || host === "::ffff:127.0.0.1" || /^127\\.0\\.0\\.\\d+$/.test(host);
const isWildcard = (host) => host === undefined || host === null || host === "" || host === "0.0.0.0" || host === "::";
const isVendor = (host, port) => host === "127.0.0.1" && here.vendors.includes(Number(port));
const target = (host, port) => ((isLoopback(host) || isWildcard(host)) && !isVendor(host, port) ? here.loopback : host);

// Outgoing connections.
const aimed = (options) => (options.path ? options : { ...options, host: target(options.host, options.port) });
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const first = args[0];
  // net.connect() hands on its normalized arguments as an array.
  if (Array.isArray(first)) first[0] = aimed(first[0]);
  else if (first !== null && typeof first === "object") args[0] = aimed(first);
  else if (!Number.isNaN(Number(first))) {
    if (typeof args[1] === "string") args[1] = target(args[1], first);
    else args.splice(1, 0, here.loopback);
  }
  return connect.apply(this, args);
};

// Listeners. One on all interfaces has a twin on the container's loopback.
const twins = new WeakMap();
const asked = new WeakMap();
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const callback = args.find((argument) => typeof argument === "function");
  const first = args[0];
  let options;
  if (first === undefined || first === null || typeof first === "function") options = { port: 0 };
  else if (typeof first === "object") {
    if (first.port === undefined || first.path !== undefined) return listen.apply(this, args);
    options = { ...first };
  } else if (!Number.isNaN(Number(first))) {
    options = { port: Number(first) };
    if (typeof args[1] === "string") options.host = args[1];
    const backlog = args.slice(1).find((argument) => typeof argument === "number");
    if (backlog !== undefined) options.backlog = backlog;
  } else return listen.apply(this, args);
  const wildcard = isWildcard(options.host);
  asked.set(this, options.host || "::");
  options.host = wildcard ? here.address : isLoopback(options.host) ? here.loopback : options.host;
  delete options.ipv6Only;
  if (wildcard) {
    this.once("listening", () => {
      const twin = new net.Server({ allowHalfOpen: this.allowHalfOpen, noDelay: this.noDelay });
      twin.on("connection", (socket) => this.emit("connection", socket));
      twin.on("error", () => {});
      twins.set(this, twin);
      listen.call(twin, { port: address.call(this).port, host: here.loopback });
      twin.unref();
    });
  }
  return listen.call(this, options, ...(callback ? [callback] : []));
};
const close = net.Server.prototype.close;
net.Server.prototype.close = function (...args) {
  twins.get(this)?.close();
  twins.delete(this);
  return close.apply(this, args);
};
const address = net.Server.prototype.address;
net.Server.prototype.address = function () {
  const real = address.call(this);
  const host = asked.get(this);
  if (real === null || typeof real !== "object" || host === undefined) return real;
  return { ...real, address: host === "localhost" ? "127.0.0.1" : host, family: host.includes(":") ? "IPv6" : "IPv4" };
};

// Names.
const inHosts = (name) => {
  if (name === "localhost") return [here.loopback];
  if (name === here.hostname) return [here.address];
  let text = "";
  try {
    text = fs.readFileSync(here.hosts, "utf8");
  } catch {}
  return text.split("\\n").flatMap((line) => {
    const [ip, ...names] = line.split(" ");
    return names.includes(name) ? [ip] : [];
  });
};
const askCloud = (name, done) => {
  let text = "";
  const finish = () => {
    let found = [];
    try {
      found = JSON.parse(text).addresses;
    } catch {}
    done(found);
  };
  const socket = connect.call(new net.Socket(), { path: here.socket });
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => (text += chunk));
  socket.on("error", () => {});
  socket.on("close", finish);
  socket.setTimeout(2000, () => socket.destroy());
  socket.write(JSON.stringify({ resolve: name }) + "\\n");
};
const addresses = (name, done) => {
  const local = inHosts(name);
  if (local.length > 0 || net.isIP(name) || !name.includes(".")) process.nextTick(done, local);
  else askCloud(name, done);
};
const lookup = dns.lookup;
dns.lookup = (hostname, options, callback) => {
  const done = typeof options === "function" ? options : callback;
  const wanted = typeof options === "number" ? { family: options } : typeof options === "object" && options ? options : {};
  if (typeof hostname !== "string" || typeof done !== "function") return lookup(hostname, options, callback);
  addresses(hostname, (found) => {
    if (found.length === 0) return lookup(hostname, wanted, done);
    if (wanted.all) return done(null, found.map((ip) => ({ address: ip, family: 4 })));
    return done(null, found[0], 4);
  });
  return {};
};
const lookupPromise = dns.promises.lookup;
dns.promises.lookup = async (hostname, options) => {
  const found = await new Promise((resolve) => addresses(hostname, resolve));
  if (found.length === 0) return lookupPromise(hostname, options);
  const all = found.map((ip) => ({ address: ip, family: 4 }));
  return options && options.all ? all : all[0];
};
dns.lookup[util.promisify.custom] = dns.promises.lookup;

os.hostname = () => here.hostname;
require("node:module").syncBuiltinESMExports();
`;
