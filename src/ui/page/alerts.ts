import type { Alert, DeliveryState, Mail } from "../protocol.ts";
import { clock, h, number, span, text } from "./dom.ts";
import { api } from "./live.ts";
import type { View } from "./main.ts";

const stateNames: Record<DeliveryState, string> = {
  stored: "Stored, not yet claimed",
  claimed: "Claimed, being sent",
  sent: "Sent",
  failed: "Failed",
  withheld: "Not told: the turbine is in its cool-down",
};

export function alertItem(alert: Alert, withTurbine = true): HTMLLIElement {
  return h(
    "li",
    { class: "alert", "data-state": alert.state },
    h("span", { class: "state" }, stateNames[alert.state]),
    withTurbine &&
      h("a", { href: `/turbines/${encodeURIComponent(alert.turbineId)}`, "data-link": true }, alert.turbineId),
    h("span", {}, `${number(alert.speed)} m/s, score ${number(alert.score, 2)}`),
    h("time", { datetime: new Date(alert.time).toISOString() }, clock(alert.time)),
    alert.latency !== undefined && h("span", {}, `told ${span(alert.latency)} after the row was stored`),
    alert.text !== undefined &&
      h(
        "details",
        {},
        h("summary", {}, "What the notification said"),
        h("p", {}, h("strong", {}, alert.subject ?? "")),
        h("pre", {}, alert.text),
      ),
  );
}

function mailItem(mail: Mail): HTMLLIElement {
  const item = h(
    "li",
    { class: "mail" },
    h(
      "details",
      {},
      h("summary", {}, h("strong", {}, mail.subject), ` to ${mail.to}, ${clock(mail.time)}`),
      h("pre", {}, mail.text),
    ),
  );
  if (mail.confirmUrl) {
    const answer = h("span", { role: "status" });
    const button = h(
      "button",
      {
        type: "button",
        click: async () => {
          button.disabled = true;
          try {
            await api("confirm", { mail: mail.id });
            text(answer, " Confirmed: this address gets the notifications.");
          } catch (error) {
            button.disabled = false;
            text(answer, ` ${(error as Error).message}`);
          }
        },
      },
      "Confirm this subscription",
    );
    item.append(button, answer);
  }
  return item;
}

/** Redraws a list only where it changed, so that an opened entry stays open. */
function keyed<T>(list: HTMLElement, items: T[], key: (item: T) => string, make: (item: T) => HTMLElement): void {
  const old = new Map([...list.children].map((c) => [(c as HTMLElement).dataset.key!, c as HTMLElement]));
  list.replaceChildren(
    ...items.map((item) => {
      const k = key(item);
      const element = old.get(k) ?? make(item);
      element.dataset.key = k;
      return element;
    }),
  );
}

export const alertsView: View = (root, live) => {
  const none = h("p", {}, "No anomaly so far.");
  const list = h("ul", { class: "list" });
  const inboxHeading = h("h2", { hidden: true }, "Inbox of this machine");
  const inbox = h("ul", { class: "list" });
  root.append(none, list, inboxHeading, inbox);
  const stops = [
    live.on("alerts", (alerts) => {
      none.hidden = alerts.length > 0;
      keyed(
        list,
        alerts,
        (a) => [a.turbineId, a.time, a.state, a.score, a.latency, a.text?.length].join("|"),
        alertItem,
      );
    }),
    live.on("inbox", (mails) => {
      inboxHeading.hidden = false;
      keyed(inbox, mails, (m) => `${m.id}|${m.confirmUrl ?? ""}`, mailItem);
    }),
  ];
  return () => stops.forEach((stop) => void stop());
};
