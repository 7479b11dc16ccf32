// The page's own words, in the language of the chosen person. What integrations say is theirs to translate.

const WORDS = {
  en: {
    youAre: "You are", channels: "Channels", direct: "Direct messages", menu: "Open the list of channels",
    close: "Close", bot: "BOT", thread: "Thread", reply: "Reply", edited: "edited", deleted: "(message deleted)",
    onlyYou: "Only visible to you", dismiss: "Dismiss", today: "Today", yesterday: "Yesterday", until: "until {time}",
    write: "Write to {name}", writeReply: "Reply in the thread", send: "Send", sandbox: "Mattermost sandbox",
    note: "This is the sandbox: a stand-in for Mattermost with the same interface. Type {command} or click a button; switch the person in the upper left corner.",
    noteShort: "This is the sandbox: a stand-in for Mattermost with the same interface. Write something, or switch the person in the upper left corner.",
    lost: "No connection. Trying again…", again: "Connected again.", failed: "The action failed: {why}",
    notSent: "Not sent: {why}", empty: "Nothing here yet. Say hello.", earlier: "Show earlier messages",
    choose: "Choose…", cancel: "Cancel", submit: "Submit", required: "This field is required.",
    tooShort: "At least {count} characters.", notNumber: "This must be a number.", notEmail: "This must be an e-mail address.",
    notUrl: "This must be a link that begins with http:// or https://.", optional: "optional",
    state: "My state", online: "Online", away: "Away", dnd: "Do not disturb", offline: "Offline", ooo: "Out of office",
    clearStatus: "Clear my custom status", system: "System", newLabel: "unread", commands: "Commands", members: "{count} people",
    openPage: "Open the page", noPeople: "Nobody lives in this sandbox yet.", cannotEnter: "The sandbox did not let you in: {why}",
    sourceUsers: "Choose a person…", sourceChannels: "Choose a channel…",
    typeHint: "Enter sends, Shift+Enter starts a new line", unreachable: "the server cannot be reached",
  },
  ru: {
    youAre: "Вы —", channels: "Каналы", direct: "Личные сообщения", menu: "Открыть список каналов",
    close: "Закрыть", bot: "БОТ", thread: "Обсуждение", reply: "Ответить", edited: "изменено", deleted: "(сообщение удалено)",
    onlyYou: "Видно только вам", dismiss: "Убрать", today: "Сегодня", yesterday: "Вчера", until: "до {time}",
    write: "Написать: {name}", writeReply: "Ответить в обсуждении", send: "Отправить", sandbox: "Песочница Mattermost",
    note: "Это песочница: она заменяет Mattermost и говорит на том же языке. Введите {command} или нажмите кнопку; сменить человека можно слева вверху.",
    noteShort: "Это песочница: она заменяет Mattermost и говорит на том же языке. Напишите что-нибудь; сменить человека можно слева вверху.",
    lost: "Нет связи. Пробуем снова…", again: "Связь восстановлена.", failed: "Действие не выполнено: {why}",
    notSent: "Не отправлено: {why}", empty: "Здесь пока пусто. Поздоровайтесь.", earlier: "Показать более ранние",
    choose: "Выберите…", cancel: "Отмена", submit: "Отправить", required: "Это поле нужно заполнить.",
    tooShort: "Не меньше {count} знаков.", notNumber: "Здесь должно быть число.", notEmail: "Здесь должен быть адрес почты.",
    notUrl: "Здесь должна быть ссылка, которая начинается с http:// или https://.", optional: "необязательно",
    state: "Мой статус", online: "В сети", away: "Отошёл", dnd: "Не беспокоить", offline: "Не в сети", ooo: "Не на работе",
    clearStatus: "Убрать мой статус", system: "Система", newLabel: "не прочитано", commands: "Команды", members: "Участников: {count}",
    openPage: "Открыть страницу", noPeople: "В этой песочнице пока никто не живёт.", cannotEnter: "Песочница вас не впустила: {why}",
    sourceUsers: "Выберите человека…", sourceChannels: "Выберите канал…",
    typeHint: "Enter отправляет, Shift+Enter начинает новую строку", unreachable: "сервер не отвечает",
  },
};

const language = { now: "en", zone: undefined };

export function speak(locale, zone) {
  language.now = String(locale ?? "").toLowerCase().startsWith("ru") ? "ru" : "en";
  language.zone = undefined;
  try {
    if (zone) new Intl.DateTimeFormat("en", { timeZone: zone });
    language.zone = zone || undefined;
  } catch {
    // A zone that the browser does not know: the browser's own zone is the next best.
  }
  document.documentElement.lang = language.now;
}

export function spoken() {
  return language.now;
}

export function t(key, values = {}) {
  return WORDS[language.now][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export function replies(count) {
  if (language.now === "en") return count === 1 ? "1 reply" : `${count} replies`;
  const form = new Intl.PluralRules("ru").select(count);
  return `${count} ${{ one: "ответ", few: "ответа" }[form] ?? "ответов"}`;
}

const tag = () => (language.now === "ru" ? "ru-RU" : "en-GB");

export function clockTime(moment) {
  return new Intl.DateTimeFormat(tag(), { hour: "2-digit", minute: "2-digit", timeZone: language.zone }).format(moment);
}

export function fullTime(moment) {
  return new Intl.DateTimeFormat(tag(), { dateStyle: "full", timeStyle: "short", timeZone: language.zone }).format(moment);
}

const dayKey = (moment) => new Intl.DateTimeFormat("en-CA", { timeZone: language.zone }).format(moment);

export function sameDay(one, other) {
  return dayKey(one) === dayKey(other);
}

export function dayName(moment) {
  const now = Date.now();
  if (sameDay(moment, now)) return t("today");
  if (sameDay(moment, now - 86400000)) return t("yesterday");
  return new Intl.DateTimeFormat(tag(), { weekday: "long", day: "numeric", month: "long", timeZone: language.zone }).format(moment);
}

export function untilTime(moment) {
  const day = sameDay(moment, Date.now()) ? "" : `${new Intl.DateTimeFormat(tag(), { day: "numeric", month: "short", timeZone: language.zone }).format(moment)}, `;
  return t("until", { time: day + clockTime(moment) });
}
