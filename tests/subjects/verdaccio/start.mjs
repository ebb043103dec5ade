// Starts Verdaccio with two packages and one user, everything in a temporary folder that ends with it.
// The first line on stdout is its address; it is ready then. PORT=4873 asks for a port, else a free one is taken.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import verdaccio from "verdaccio";

const folder = await mkdtemp(join(tmpdir(), "flowguard-verdaccio-"));
const configuration = verdaccio.parseConfigFile(join(import.meta.dirname, "config.yaml"));
configuration.configPath = join(folder, "config.yaml");
configuration.storage = join(folder, "storage");
configuration.auth.htpasswd.file = join(folder, "htpasswd");

const server = await verdaccio.runServer(configuration);
await new Promise((ready, failed) => {
  server.once("error", failed);
  server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", ready);
});
const address = `http://127.0.0.1:${server.address().port}`;

await addUser("ada", "teapot-42");
await publish("harbour-greeter", "1.4.0", "Greets boats by their name", ["harbour", "greeting"], "Ahoy");
await publish("harbour-tides", "0.2.1", "Tells the tides of a harbour", ["harbour", "tide"], "High water");
console.log(address);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);

async function stop() {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
  process.exit(0);
}

async function addUser(name, password) {
  await put(`/-/user/org.couchdb.user:${name}`, { name, password });
}

async function publish(name, version, description, keywords, word) {
  const readme = `# ${name}\n\n${description}.\n\n## Usage\n\nSay \`${word}\`.\n`;
  const manifest = { name, version, description, keywords, license: "MIT", readme, author: { name: "Ada" } };
  const tarball = gzipSync(tar({ "package/package.json": JSON.stringify(manifest), "package/README.md": readme }));
  const file = `${name}-${version}.tgz`;
  const dist = {
    tarball: `${address}/${name}/-/${file}`,
    shasum: createHash("sha1").update(tarball).digest("hex"),
    integrity: `sha512-${createHash("sha512").update(tarball).digest("base64")}`,
  };
  await put(`/${name}`, {
    _id: name,
    name,
    description,
    readme,
    "dist-tags": { latest: version },
    versions: { [version]: { ...manifest, _id: `${name}@${version}`, dist } },
    _attachments: {
      [file]: { content_type: "application/octet-stream", data: tarball.toString("base64"), length: tarball.length },
    },
  });
}

async function put(path, body) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(address + path, { method: "PUT", headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
}

/** A tar archive of texts by name (ustar, 512-byte blocks). */
function tar(files) {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text);
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return [tarHeader(name, content.length), content, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function tarHeader(name, length) {
  const header = Buffer.alloc(512);
  const octal = (number, digits) => `${number.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(length, 11), 124);
  header.write(octal(0, 11), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}
