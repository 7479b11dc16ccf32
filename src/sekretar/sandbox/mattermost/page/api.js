// The wire: Mattermost's REST and its event stream, and the two doors that only the sandbox has.

const ROOT = new URL(".", document.baseURI);
const PING_EVERY = 30000;
const BACKOFF = [500, 1000, 2000, 4000, 8000, 15000];

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.message || `HTTP ${status}`);
    this.status = status;
    this.id = body?.id ?? "";
  }
}

// The answer came for somebody who is no longer the person on the page.
export class Outdated extends Error {}

export class Api {
  constructor() {
    this.token = null;
    this.visit = 0;
    this.renew = null; // async () -> void, called once when the token is no longer known
  }

  async people() {
    return this.#send("GET", "sandbox/people");
  }

  // With `anew` another person begins: what was asked for the former one never answers to the new.
  async login(username, { anew }) {
    const { token, user } = await this.#send("POST", "sandbox/login", { username });
    this.token = token;
    if (anew) this.visit += 1;
    return user;
  }

  async get(path) { return this.#call("GET", path); }
  async post(path, body) { return this.#call("POST", path, body); }
  async put(path, body) { return this.#call("PUT", path, body); }
  async delete(path) { return this.#call("DELETE", path); }

  async #call(method, path, body) {
    const { visit } = this;
    try {
      const value = await this.#send(method, `api/v4/${path}`, body);
      if (visit !== this.visit) throw new Outdated();
      return value;
    } catch (error) {
      if (visit !== this.visit) throw new Outdated();
      if (error.status !== 401 || !this.renew) throw error;
      await this.renew();
      return this.#send(method, `api/v4/${path}`, body);
    }
  }

  async #send(method, path, body) {
    const headers = { "X-Requested-With": "XMLHttpRequest" };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const answer = await fetch(new URL(path, ROOT), {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "omit",
    });
    const text = await answer.text();
    let value = null;
    try { value = text ? JSON.parse(text) : null; } catch { value = { message: text.slice(0, 200) }; }
    if (!answer.ok) throw new ApiError(answer.status, value);
    return value;
  }
}

// One event stream for as long as it is open: it reconnects by itself, with growing pauses. A browser cannot set
// headers on a WebSocket, so it authenticates by the challenge, and by the contract there is no resume then:
// after every new hello the listener reads the state again by REST.
export class Live {
  constructor({ token, onEvent, onHello, onLost, onRefused }) {
    Object.assign(this, { token, onEvent, onHello, onLost, onRefused });
    this.attempt = 0;
    this.closed = false;
    this.wake = () => { if (this.timer) { clearTimeout(this.timer); this.#connect(); } };
    window.addEventListener("online", this.wake);
    this.#connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.pinger);
    window.removeEventListener("online", this.wake);
    this.socket?.close();
  }

  #connect() {
    this.timer = null;
    const url = new URL("api/v4/websocket", ROOT);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.socket = socket;
    this.seq = 1;
    this.expected = 0;
    socket.onopen = () => this.#ask("authentication_challenge", { token: this.token });
    socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    socket.onclose = () => this.#lost(socket);
  }

  #ask(action, data) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ seq: this.seq++, action, data }));
  }

  #receive(message) {
    if (this.closed) return;
    if (message.seq_reply) {
      if (message.status === "FAIL" || message.error) this.onRefused();
      return;
    }
    if (message.seq !== undefined && message.seq !== this.expected) {
      this.socket.close(4001);
      return;
    }
    this.expected += 1;
    if (message.event === "hello") {
      this.attempt = 0;
      clearInterval(this.pinger);
      this.pinger = setInterval(() => this.#ask("ping", {}), PING_EVERY);
      this.onHello();
    } else {
      this.onEvent(message);
    }
  }

  #lost(socket) {
    clearInterval(this.pinger);
    if (this.closed || socket !== this.socket || this.timer) return;
    this.onLost();
    const pause = BACKOFF[Math.min(this.attempt++, BACKOFF.length - 1)];
    this.timer = setTimeout(() => this.#connect(), pause * (0.8 + Math.random() * 0.4));
  }
}
