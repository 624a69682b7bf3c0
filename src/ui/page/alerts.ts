import type { Alert, DeliveryState, Mail } from "../protocol.ts";
import { figure, h, icon, moment, named, number, type Shape, span, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const states: Record<DeliveryState, { name: string; about: string; shape: Shape }> = {
  stored: { name: "Stored", about: "Its row is stored; nobody is told yet.", shape: "waiting" },
  claimed: { name: "Claimed", about: "A run of the delivery has claimed it and is sending.", shape: "warming" },
  sent: { name: "Sent", about: "", shape: "calm" },
  failed: { name: "Failed", about: "Nobody is told although it is overdue: see Pipeline.", shape: "silent" },
  withheld: { name: "Withheld", about: "Not told: the turbine is in its cool-down.", shape: "waiting" },
};

export function alertItem(alert: Alert, { withTurbine = true, open = false } = {}): HTMLLIElement {
  const { name, about, shape } = states[alert.state];
  return h(
    "li",
    { class: "alert", "data-state": alert.state },
    h("p", { class: "state" }, icon(shape).element, name),
    withTurbine
      ? h(
          "p",
          { class: "who" },
          h(
            "a",
            { href: `/turbines/${encodeURIComponent(alert.turbineId)}`, "data-link": true },
            named(alert.turbineId),
          ),
          h("span", {}, named(alert.location)),
        )
      : h("p", { class: "who" }, moment(alert.time)),
    h(
      "dl",
      {},
      figure("speed", `${number(alert.speed)} m/s`),
      figure("score", number(alert.score, 2)),
      figure("stored to sent", alert.latency === undefined ? undefined : span(alert.latency)),
    ),
    withTurbine && h("p", { class: "when" }, moment(alert.time)),
    about !== "" && h("p", { class: "about" }, about),
    alert.text !== undefined &&
      h(
        "details",
        { open },
        h("summary", {}, "What the notification said"),
        h("p", {}, h("strong", {}, alert.subject ?? "")),
        h("pre", {}, alert.text),
      ),
  );
}

const CONFIRMED = "Confirmed: this address gets the notifications.";

function mailItem(mail: Mail): HTMLLIElement {
  const answer = h("span", { role: "status" }, mail.confirmed && CONFIRMED);
  const item = h(
    "li",
    { class: "mail" },
    h(
      "details",
      {},
      h("summary", {}, h("strong", {}, mail.subject), " to ", named(mail.to), ", ", moment(mail.time)),
      h("pre", {}, mail.text),
    ),
  );
  if (mail.confirmed) item.append(h("p", { class: "confirm" }, answer));
  if (mail.confirmed === false) {
    const button = h(
      "button",
      {
        type: "button",
        class: "primary",
        click: async () => {
          button.disabled = true;
          try {
            await api("confirm", { mail: mail.id });
            text(answer, CONFIRMED);
            button.remove();
          } catch (error) {
            button.disabled = false;
            text(answer, (error as Error).message);
          }
        },
      },
      "Confirm this subscription",
    );
    item.append(h("p", { class: "confirm" }, button, answer));
  }
  return item;
}

/** Redraws a list only where it changed, so that an opened entry stays open and what has the focus keeps it. */
function keyed<T>(list: HTMLElement, items: T[], key: (item: T) => string, make: (item: T) => HTMLElement): void {
  const old = new Map([...list.children].map((c) => [(c as HTMLElement).dataset.key!, c as HTMLElement]));
  const wanted = items.map((item) => {
    const k = key(item);
    const element = old.get(k) ?? make(item);
    element.dataset.key = k;
    return element;
  });
  const kept = new Set(wanted);
  for (const element of old.values()) if (!kept.has(element)) element.remove();
  for (const [i, element] of wanted.entries()) {
    if (list.children[i] !== element) list.insertBefore(element, list.children[i] ?? null);
  }
}

export const alertsView: View = (root, live) => {
  const none = h("p", { class: "summary" });
  const list = h("ul", { class: "list" });
  const inboxHeading = h("h2", { hidden: true }, "Inbox of this machine");
  const noMail = h("p", { class: "summary", hidden: true }, "No mail yet.");
  const inbox = h("ul", { class: "list" });
  root.append(none, list, inboxHeading, noMail, inbox);
  const stops = [
    live.on("alerts", (alerts) => {
      text(none, alerts.length > 0 ? "Newest first. Each anomaly is told once." : "No anomaly so far.");
      keyed(
        list,
        alerts,
        (a) => [a.turbineId, a.time, a.state, a.score, a.latency, a.text?.length].join("|"),
        (alert) => alertItem(alert),
      );
    }),
    live.on("inbox", (mails) => {
      inboxHeading.hidden = false;
      noMail.hidden = mails.length > 0;
      keyed(inbox, mails, (m) => `${m.id}|${m.confirmed}`, mailItem);
    }),
  ];
  return () => stops.forEach((stop) => void stop());
};
