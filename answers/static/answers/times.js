// Times in the reader's own time zone. A cookie tells the server the zone (askme/time_zone.py), and from the next page
// on the server writes all times in it. This page's times may still be in UTC or in the reader's previous zone.

const YEAR_SECONDS = 365 * 24 * 3600;
const { timeZone } = Intl.DateTimeFormat().resolvedOptions(); // an IANA name, such as Europe/Berlin

if (timeZone && timeZone !== document.documentElement.dataset.timeZone) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `timezone=${timeZone}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
  if (document.querySelector("time")) import("./local_times.js");
}
