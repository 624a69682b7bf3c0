/** One field of a cron expression: the values that it means, or a rule about days. */
interface Fields {
  minutes: Set<number>;
  hours: Set<number>;
  months: Set<number>;
  years: Set<number>;
  /** Whether a date (1-based month and day) is meant. */
  day(year: number, month: number, day: number): boolean;
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");
const LAST_YEAR = 2199;
const DAY_MS = 86_400_000;

/**
 * AWS's cron: minutes hours day-of-month month day-of-week year, with `?`, `L`, `W` and `#`
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). Throws `SyntaxError`.
 */
export function parseCron(expression: string): Fields {
  const parts = expression.trim().split(/\s+/);
  if (parts.length !== 6) throw new SyntaxError("a cron expression has six fields");
  const [minutes, hours, dayOfMonth, month, dayOfWeek, year] = parts as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) throw new SyntaxError("exactly one of the day fields must be ?");
  return {
    minutes: values(minutes, 0, 59),
    hours: values(hours, 0, 23),
    months: values(month, 1, 12, MONTHS, 1),
    years: values(year, 1970, LAST_YEAR),
    day: dayOfWeek === "?" ? monthDays(dayOfMonth) : weekDays(dayOfWeek),
  };
}

function values(field: string, low: number, high: number, names: string[] = [], nameBase = 0): Set<number> {
  const found = new Set<number>();
  const number = (text: string): number => {
    const named = names.indexOf(text.toUpperCase());
    const value = named >= 0 ? named + nameBase : /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= low && value <= high)) throw new SyntaxError(`${text} is not from ${low} to ${high}`);
    return value;
  };
  for (const item of field.split(",")) {
    const [range = "", step] = item.split("/");
    const every = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(every) || every < 1) throw new SyntaxError(`bad step in ${item}`);
    const [from, to] = range.split("-");
    const start = range === "*" ? low : number(from!);
    const end = range === "*" ? high : to !== undefined ? number(to) : step === undefined ? start : high;
    // SAT-MON and NOV-FEB go round.
    const span = end >= start ? end - start : end + (high - low + 1) - start;
    for (let i = 0; i <= span; i += every) found.add(low + ((start - low + i) % (high - low + 1)));
  }
  return found;
}

function monthDays(field: string): Fields["day"] {
  if (field === "L") return (y, m, d) => d === lastDay(y, m);
  const weekday = /^(\d+)W$/.exec(field);
  if (weekday) {
    const wanted = Number(weekday[1]);
    if (wanted < 1 || wanted > 31) throw new SyntaxError(`${field} is no day`);
    return (y, m, d) => wanted <= lastDay(y, m) && d === nearestWeekday(y, m, wanted);
  }
  const days = values(field, 1, 31);
  return (_y, _m, d) => days.has(d);
}

function weekDays(field: string): Fields["day"] {
  const special = /^(\w+?)(?:L|#([1-5]))$/i.exec(field);
  const of = (y: number, m: number, d: number) => new Date(Date.UTC(y, m - 1, d)).getUTCDay() + 1;
  if (special && (special[2] !== undefined || /^(\d|[A-Z]{3})L$/i.test(field))) {
    const [wanted] = values(special[1]!, 1, 7, WEEKDAYS, 1);
    if (special[2] !== undefined) return (y, m, d) => of(y, m, d) === wanted && Math.ceil(d / 7) === Number(special[2]);
    return (y, m, d) => of(y, m, d) === wanted && d + 7 > lastDay(y, m);
  }
  const days = values(field === "L" ? "7" : field, 1, 7, WEEKDAYS, 1);
  return (y, m, d) => days.has(of(y, m, d));
}

function lastDay(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay();
  if (weekday === 6) return day > 1 ? day - 1 : day + 2;
  if (weekday === 0) return day < lastDay(year, month) ? day + 1 : day - 2;
  return day;
}

/** First time after `after` (ms since the epoch) that the expression means in the zone; undefined if none comes. */
export function nextCron(fields: Fields, after: number, timeZone: string): number | undefined {
  const start = wallTime(after, timeZone);
  const [hours, minutes] = [sorted(fields.hours), sorted(fields.minutes)];
  for (let date = Date.UTC(start.year, start.month - 1, start.day), i = 0; i < 366 * 30; i++, date += DAY_MS) {
    const [year, month, day] = [
      new Date(date).getUTCFullYear(),
      new Date(date).getUTCMonth() + 1,
      new Date(date).getUTCDate(),
    ];
    if (year > LAST_YEAR) return undefined;
    if (!fields.years.has(year) || !fields.months.has(month) || !fields.day(year, month, day)) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const time = fromWallTime(date + (hour * 60 + minute) * 60_000, timeZone);
        if (time !== undefined && time > after) return time;
      }
    }
  }
  return undefined;
}

const sorted = (set: Set<number>) => [...set].sort((a, b) => a - b);

const formats = new Map<string, Intl.DateTimeFormat>();

/** The date and time that clocks in the zone show. Throws `RangeError` for a zone that isn't one. */
export function wallTime(time: number, timeZone: string) {
  let format = formats.get(timeZone);
  if (!format) {
    const numeric = "numeric" as const;
    format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
  return {
    year: parts.year!,
    month: parts.month!,
    day: parts.day!,
    hour: parts.hour!,
    minute: parts.minute!,
    second: parts.second!,
  };
}

function wallClock(time: number, timeZone: string): number {
  const { year, month, day, hour, minute, second } = wallTime(time, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The instant at which clocks in the zone show `wall` (as if it were UTC); undefined where they jump over it. */
export function fromWallTime(wall: number, timeZone: string): number | undefined {
  let time = wall;
  for (let i = 0; i < 3; i++) time += wall - wallClock(time, timeZone);
  return wallClock(time, timeZone) === wall ? time : undefined;
}
