// As much of a terminal as the command line uses: colours, carriage return, moves, erasing.

/** What was written, as lines of coloured pieces, each with the time at which it became what it is at the end. */
export class Screen {
  #rows = [];
  #row = 0;
  #column = 0;
  #style = "";

  /** Takes output that came `at` milliseconds after the start. */
  write(text, at) {
    const codes = /\u001b\[([?\d;]*)([A-Za-z])|\u001b[()][A-Z0-9]|([\r\n])|([^\u001b\r\n]+)/gu;
    for (const [, parameters, command, line, plain] of text.matchAll(codes)) {
      if (line === "\r") this.#column = 0;
      else if (line === "\n") this.#row++;
      else if (plain) for (const character of plain) this.#put(character, at);
      else if (command) this.#command(command, parameters, at);
    }
  }

  #cells(row) {
    this.#rows[row] ??= [];
    return this.#rows[row];
  }

  #put(character, at) {
    const cells = this.#cells(this.#row);
    while (cells.length < this.#column) cells.push({ character: " ", style: "", at });
    const before = cells[this.#column];
    const same = before?.character === character && before.style === this.#style;
    if (!same) cells[this.#column] = { character, style: this.#style, at };
    this.#column++;
  }

  #command(command, parameters, at) {
    const n = Number.parseInt(parameters, 10) || 0;
    if (command === "m") this.#colour(parameters);
    else if (command === "A") this.#row = Math.max(0, this.#row - (n || 1));
    else if (command === "B") this.#row += n || 1;
    else if (command === "C") this.#column += n || 1;
    else if (command === "G") this.#column = Math.max(0, n - 1);
    else if (command === "K") {
      const cells = this.#cells(this.#row);
      if (n === 2) cells.length = 0;
      else if (n === 0) cells.length = Math.min(cells.length, this.#column);
      else for (let i = 0; i <= this.#column; i++) cells[i] = { character: " ", style: "", at };
    } else if (command === "J" && n === 0) {
      this.#cells(this.#row).length = Math.min(this.#cells(this.#row).length, this.#column);
      this.#rows.length = Math.min(this.#rows.length, this.#row + 1);
    }
  }

  #colour(parameters) {
    const names = { 1: "bold", 2: "dim", 31: "red", 32: "green", 33: "yellow", 36: "cyan", 90: "dim" };
    for (const code of parameters.split(";").map(Number)) {
      if (names[code]) this.#style = names[code];
      else if ([0, 22, 39].includes(code)) this.#style = "";
    }
  }

  /** Lines top down: `at` of a line is that of its newest character. */
  lines() {
    return this.#rows.map((cells = []) => {
      const pieces = [];
      for (const { character, style } of cells) {
        if (pieces.at(-1)?.style === style) pieces.at(-1).text += character;
        else pieces.push({ style, text: character });
      }
      return { pieces, at: Math.max(0, ...cells.map((cell) => cell.at)) };
    });
  }
}
