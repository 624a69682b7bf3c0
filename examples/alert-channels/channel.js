/** What each channel is sent: Slack's webhook takes JSON with a text, SMS gateways a form. */
const channels = {
  slack: ({ Subject, Message }) => ({
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: `*${Subject}*\n${Message}` }),
  }),
  sms: ({ MessageAttributes: { turbineId, location, score } = {}, Subject }) => {
    const Body = turbineId
      ? `Abnormal wind at ${turbineId.Value}, ${location.Value}: score ${Number(score.Value).toFixed(1)}`
      : Subject;
    // One message, not several.
    return { body: new URLSearchParams({ To: process.env.PHONE, Body: Body.slice(0, 160) }) };
  },
};

/** Called by SNS with one notification; an error has Lambda call it again. */
export async function handler({ Records }) {
  for (const { Sns } of Records) {
    const response = await fetch(process.env.URL, { method: "POST", ...channels[process.env.CHANNEL](Sns) });
    if (!response.ok) throw new Error(`${process.env.CHANNEL} answered ${response.status}`);
  }
}
