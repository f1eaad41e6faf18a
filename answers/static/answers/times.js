// Times in the reader's own time zone. A cookie tells the server the zone (askme/time_zone.py), and from the next page
// on the server writes all times in it. This page's times may still be in UTC or in the reader's previous zone.

const YEAR_SECONDS = 365 * 24 * 3600;
const FORMAT = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const { lang, dataset } = document.documentElement;
const { timeZone } = Intl.DateTimeFormat().resolvedOptions(); // an IANA name, such as Europe/Berlin

if (timeZone && timeZone !== dataset.timeZone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `timezone=${timeZone}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
  const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, FORMAT); // the day first, as on the server
  for (const time of document.querySelectorAll("time[datetime]")) time.textContent = format.format(new Date(time.dateTime));
}
