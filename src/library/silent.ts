import { PassThrough } from "node:stream";
import { usageError } from "../io/errors/errors.ts";
import type { IO, Styles, Task } from "../io/terminal/io.ts";

const plain = (text: string): string => text;
const style: Styles = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };

/** A terminal for callers that have none: tasks are told to `onProgress`, everything else goes nowhere. */
export function silent(onProgress: (resource: string, state: string) => void = () => {}): IO {
  const task = (title: string): Task => {
    const tell = (state = "done") => onProgress(title, state);
    return { title, update: tell, done: tell, skip: tell, fail: tell };
  };
  return {
    json: false,
    outIsTTY: false,
    errIsTTY: false,
    width: 80,
    style,
    errStyle: style,
    out() {},
    err() {},
    record() {},
    table() {},
    task,
    progress: () => ({ update() {}, stop() {} }),
    confirm: (_, { flag }) => Promise.reject(usageError(`There is nobody to ask (${flag}).`)),
    stdout: new PassThrough().resume(),
  };
}
