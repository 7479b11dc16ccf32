// Reads what the server knows into the state: places, people, posts.

import { speak } from "./i18n.js";
import { keepPost, person } from "./store.js";

const PAGE_SIZE = 60;

export class Reader {
  constructor(api, state) {
    Object.assign(this, { api, state });
    this.events = 0; // how many events came so far
  }

  keepMe(user) {
    const me = person(user);
    this.state.users.set(me.id, me);
    this.state.me = me;
    speak(me.locale, me.zone);
  }

  async places() {
    const { api, state } = this;
    const teams = await api.get("users/me/teams");
    state.team = teams[0] ?? null;
    for (const raw of await api.get("users?per_page=200")) state.users.set(raw.id, person(raw));
    this.keepMe(await api.get("users/me"));
    if (state.team) {
      const base = `users/me/teams/${state.team.id}/channels`;
      const [channels, members, commands] = await Promise.all([
        api.get(base), api.get(`${base}/members`), api.get(`teams/${state.team.id}/commands/autocomplete`).catch(() => []),
      ]);
      this.#keepChannels(channels, members);
      state.commands = commands.filter((one) => one.auto_complete !== false).sort((a, b) => a.trigger.localeCompare(b.trigger));
    }
    await this.statuses();
  }

  #keepChannels(channels, members) {
    const { state } = this;
    state.channels = new Map(channels.filter((one) => !one.delete_at).map((one) => [one.id, one]));
    const mine = new Map(members.map((one) => [one.channel_id, one]));
    for (const channel of state.channels.values()) {
      const member = mine.get(channel.id);
      const missed = member ? Math.max(0, channel.total_msg_count - member.msg_count) : 0;
      if (!missed || channel.id === state.current) state.unread.delete(channel.id);
      else state.unread.set(channel.id, { messages: missed, mentions: channel.type === "D" ? missed : member.mention_count ?? 0 });
    }
  }

  // The server tells of a status only to its owner; everybody else has to ask.
  async statuses() {
    const ids = [...this.state.users.values()].filter((user) => !user.bot).map((user) => user.id);
    for (const one of await this.api.post("users/status/ids", ids)) this.state.statuses.set(one.user_id, one.status);
  }

  async posts(channelId, before = "") {
    const { state } = this;
    const page = await this.#settled(`channels/${channelId}/posts?per_page=${PAGE_SIZE}${before && `&before=${before}`}`);
    for (const post of Object.values(page.posts)) keepPost(state, post);
    if (before || !state.complete.has(channelId)) state.complete.set(channelId, page.order.length < PAGE_SIZE);
    await this.authors(Object.values(page.posts));
  }

  async thread(root) {
    const page = await this.#settled(`posts/${root}/thread`);
    for (const post of Object.values(page.posts)) keepPost(this.state, post);
  }

  // People who wrote here but are not in the list: they left, or the list is long.
  async authors(posts) {
    const strangers = [...new Set(posts.map((post) => post.user_id))].filter((id) => id && !this.state.users.has(id));
    if (!strangers.length) return;
    for (const raw of await this.api.post("users/ids", strangers)) this.state.users.set(raw.id, person(raw));
  }

  // An event that came while the server was answering may be newer than the answer: ask again.
  async #settled(path) {
    for (let attempt = 1; ; attempt += 1) {
      const { events } = this;
      const answer = await this.api.get(path);
      if (events === this.events || attempt === 3) return answer;
    }
  }
}
