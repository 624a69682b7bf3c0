// Loaded by `node --import` into the stack's process and its functions': plays what a process can't be made to do from
// outside. A control file says which, looked at ten times a second: {"clockMs": offset of the clock, "diskFull": true}.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const control = process.env.WINDOPS_SOAK_CONTROL;
const { readFileSync } = fs;
let clockMs = 0;
let diskFull = false;

const look = () => {
  try {
    ({ clockMs = 0, diskFull = false } = JSON.parse(readFileSync(control, "utf8")));
  } catch {
    // Being written at this moment.
  }
};
look();
setInterval(look, 100).unref();

const RealDate = Date;
const realNow = Date.now;
const now = () => realNow() + clockMs;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, as) => Reflect.construct(target, args.length === 0 ? [now()] : args, as),
  apply: () => new RealDate(now()).toString(),
});
RealDate.now = now;

const noSpace = () =>
  Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", errno: -28 });
for (const name of ["writeSync", "writeFileSync", "appendFileSync"]) {
  const real = fs[name];
  fs[name] = (...args) => {
    if (diskFull) throw noSpace();
    return real.apply(fs, args);
  };
}
const realWrite = fs.write;
fs.write = (...args) => {
  if (diskFull) return process.nextTick(args.at(-1), noSpace());
  return realWrite.apply(fs, args);
};
const refusing = (owner, name) => {
  const real = owner[name];
  owner[name] = async function (...args) {
    if (diskFull) throw noSpace();
    return real.apply(this, args);
  };
};
for (const name of ["writeFile", "appendFile", "copyFile"]) refusing(fs.promises, name);
const handle = await fs.promises.open(process.execPath);
for (const name of ["write", "writev", "writeFile", "appendFile"]) refusing(Object.getPrototypeOf(handle), name);
await handle.close();
syncBuiltinESMExports();
