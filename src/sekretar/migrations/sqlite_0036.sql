CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE people (
	id INTEGER NOT NULL,
	server TEXT NOT NULL,
	user_id TEXT NOT NULL,
	username TEXT NOT NULL,
	display_name TEXT NOT NULL,
	email TEXT NOT NULL,
	locale TEXT NOT NULL,
	time_zone TEXT,
	chosen_language TEXT,
	chosen_zone TEXT,
	active BOOLEAN NOT NULL,
	first_seen_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	CONSTRAINT pk_people PRIMARY KEY (id),
	CONSTRAINT uq_people_server_user_id UNIQUE (server, user_id)
);
CREATE TABLE preferences (
	person_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	value JSON NOT NULL,
	CONSTRAINT pk_preferences PRIMARY KEY (person_id, name),
	CONSTRAINT fk_preferences_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE used_claims (
	nonce TEXT NOT NULL,
	expires_at DATETIME NOT NULL,
	CONSTRAINT pk_used_claims PRIMARY KEY (nonce)
);
CREATE INDEX ix_used_claims_expires_at ON used_claims (expires_at);
CREATE TABLE vault_check (
	id INTEGER NOT NULL,
	ciphertext TEXT NOT NULL,
	CONSTRAINT pk_vault_check PRIMARY KEY (id)
);
CREATE TABLE leases (
	name TEXT NOT NULL,
	owner TEXT NOT NULL,
	expires_at DATETIME NOT NULL,
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
CREATE TABLE sent_messages (
	message_key TEXT NOT NULL,
	lane TEXT NOT NULL,
	channel_id TEXT,
	post_id TEXT,
	root_id TEXT,
	content_hash TEXT,
	at DATETIME NOT NULL,
	CONSTRAINT pk_sent_messages PRIMARY KEY (message_key)
);
CREATE INDEX ix_sent_messages_post_id ON sent_messages (post_id);
CREATE INDEX ix_sent_messages_at ON sent_messages (at);
CREATE TABLE direct_channels (
	bot_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	CONSTRAINT pk_direct_channels PRIMARY KEY (bot_id, user_id)
);
CREATE TABLE mattermost_marks (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_mattermost_marks PRIMARY KEY (name)
);
CREATE TABLE consents (
	id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	access_token TEXT NOT NULL,
	refresh_token TEXT,
	expires_at DATETIME,
	granted_at DATETIME NOT NULL,
	refused_at DATETIME,
	CONSTRAINT pk_consents PRIMARY KEY (id),
	CONSTRAINT uq_consents_person_id UNIQUE (person_id),
	CONSTRAINT fk_consents_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE command_tokens (
	id INTEGER NOT NULL,
	team_id TEXT NOT NULL,
	command_id TEXT NOT NULL,
	"trigger" TEXT NOT NULL,
	token TEXT NOT NULL,
	token_hash TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_command_tokens PRIMARY KEY (id)
);
CREATE INDEX ix_command_tokens_token_hash ON command_tokens (token_hash);
CREATE TABLE conversations (
	id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	form_id TEXT NOT NULL,
	record JSON NOT NULL,
	answers JSON NOT NULL,
	secret_answers TEXT,
	step INTEGER NOT NULL,
	channel_id TEXT NOT NULL,
	prompt_key TEXT NOT NULL,
	started_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	revision INTEGER NOT NULL,
	CONSTRAINT pk_conversations PRIMARY KEY (id),
	CONSTRAINT uq_conversations_person_id UNIQUE (person_id),
	CONSTRAINT fk_conversations_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE calendar_accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	provider TEXT NOT NULL,
	address TEXT NOT NULL,
	profile TEXT NOT NULL,
	login TEXT NOT NULL,
	password TEXT NOT NULL,
	home_url TEXT NOT NULL,
	addresses JSON NOT NULL,
	zone TEXT NOT NULL,
	state TEXT NOT NULL,
	failures INTEGER NOT NULL,
	refusals INTEGER NOT NULL,
	trouble TEXT NOT NULL,
	synced_at DATETIME,
	calm_answer TEXT NOT NULL,
	calm_until DATETIME,
	next_sync_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL, listed_at DATETIME, named_addresses JSON DEFAULT '[]' NOT NULL,
	CONSTRAINT uq_calendar_accounts_person_id_home_url_login UNIQUE (person_id, home_url, login),
	CONSTRAINT fk_calendar_accounts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_calendar_accounts_next_sync_at ON calendar_accounts (next_sync_at);
CREATE TABLE calendars (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	account_id INTEGER NOT NULL,
	href TEXT NOT NULL,
	name TEXT NOT NULL,
	colour TEXT NOT NULL,
	chosen BOOLEAN NOT NULL,
	ctag TEXT,
	sync_token TEXT,
	trust INTEGER NOT NULL,
	verified_at DATETIME,
	loaded_at DATETIME, writable BOOLEAN DEFAULT 1 NOT NULL, reminds BOOLEAN DEFAULT 1 NOT NULL, in_digest BOOLEAN DEFAULT 1 NOT NULL, tells BOOLEAN DEFAULT 1 NOT NULL, shows_presence BOOLEAN DEFAULT 1 NOT NULL, takes_time BOOLEAN DEFAULT 1 NOT NULL, preferred BOOLEAN DEFAULT 0 NOT NULL, follows_up BOOLEAN DEFAULT 1 NOT NULL,
	CONSTRAINT uq_calendars_account_id_href UNIQUE (account_id, href),
	CONSTRAINT fk_calendars_account_id FOREIGN KEY(account_id) REFERENCES calendar_accounts (id) ON DELETE CASCADE
);
CREATE TABLE calendar_objects (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	calendar_id INTEGER NOT NULL,
	href TEXT NOT NULL,
	etag TEXT NOT NULL,
	data BLOB NOT NULL,
	expanded_until DATETIME,
	CONSTRAINT uq_calendar_objects_calendar_id_href UNIQUE (calendar_id, href),
	CONSTRAINT fk_calendar_objects_calendar_id FOREIGN KEY(calendar_id) REFERENCES calendars (id) ON DELETE CASCADE
);
CREATE INDEX ix_calendar_objects_expanded_until ON calendar_objects (expanded_until);
CREATE TABLE occurrences (
	id INTEGER NOT NULL,
	object_id INTEGER NOT NULL,
	calendar_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	uid TEXT NOT NULL,
	recurrence_id TEXT NOT NULL,
	starts_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	all_day BOOLEAN NOT NULL,
	title TEXT NOT NULL,
	place TEXT NOT NULL,
	description TEXT NOT NULL,
	organizer JSON,
	attendees JSON NOT NULL,
	answer TEXT NOT NULL,
	cancelled BOOLEAN NOT NULL,
	transparent BOOLEAN NOT NULL,
	join_url TEXT NOT NULL,
	join_service TEXT NOT NULL,
	fingerprint TEXT NOT NULL, alarms JSON DEFAULT '[]' NOT NULL,
	CONSTRAINT pk_occurrences PRIMARY KEY (id),
	CONSTRAINT uq_occurrences_object_id_uid_recurrence_id UNIQUE (object_id, uid, recurrence_id),
	CONSTRAINT fk_occurrences_object_id FOREIGN KEY(object_id) REFERENCES calendar_objects (id) ON DELETE CASCADE,
	CONSTRAINT fk_occurrences_calendar_id FOREIGN KEY(calendar_id) REFERENCES calendars (id) ON DELETE CASCADE,
	CONSTRAINT fk_occurrences_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_occurrences_calendar_id ON occurrences (calendar_id);
CREATE INDEX ix_occurrences_person_id_starts_at_ends_at ON occurrences (person_id, starts_at, ends_at);
CREATE INDEX ix_occurrences_object_id ON occurrences (object_id);
CREATE TABLE reminders (
	id INTEGER NOT NULL,
	occurrence_id INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	due_at DATETIME NOT NULL,
	given_at DATETIME, snoozed BOOLEAN DEFAULT 0 NOT NULL,
	CONSTRAINT pk_reminders PRIMARY KEY (id),
	CONSTRAINT uq_reminders_occurrence_id_minutes UNIQUE (occurrence_id, minutes),
	CONSTRAINT fk_reminders_occurrence_id FOREIGN KEY(occurrence_id) REFERENCES occurrences (id) ON DELETE CASCADE
);
CREATE INDEX ix_reminders_given_at_due_at ON reminders (given_at, due_at);
CREATE TABLE presences (
	person_id INTEGER NOT NULL,
	until DATETIME NOT NULL,
	emoji TEXT NOT NULL,
	text TEXT NOT NULL,
	earlier JSON,
	yielded BOOLEAN NOT NULL,
	applied BOOLEAN NOT NULL,
	CONSTRAINT pk_presences PRIMARY KEY (person_id),
	CONSTRAINT fk_presences_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE digests (
	person_id INTEGER NOT NULL,
	next_at DATETIME,
	last_day DATE,
	introduced BOOLEAN NOT NULL,
	CONSTRAINT pk_digests PRIMARY KEY (person_id),
	CONSTRAINT fk_digests_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_digests_next_at ON digests (next_at);
CREATE TABLE quiet_times (
	person_id INTEGER NOT NULL,
	until DATETIME NOT NULL,
	earlier TEXT NOT NULL,
	yielded BOOLEAN NOT NULL,
	CONSTRAINT pk_quiet_times PRIMARY KEY (person_id),
	CONSTRAINT fk_quiet_times_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE channel_subscriptions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	calendar_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	channel_id TEXT NOT NULL,
	language TEXT NOT NULL,
	zone TEXT NOT NULL,
	digest_at TEXT NOT NULL,
	every_day BOOLEAN NOT NULL,
	digest_always BOOLEAN NOT NULL,
	reminders JSON NOT NULL,
	changes BOOLEAN NOT NULL,
	titles BOOLEAN NOT NULL,
	next_digest_at DATETIME,
	digest_day DATE,
	paused TEXT NOT NULL,
	looked_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT uq_channel_subscriptions_channel_id_calendar_id UNIQUE (channel_id, calendar_id),
	CONSTRAINT fk_channel_subscriptions_calendar_id FOREIGN KEY(calendar_id) REFERENCES calendars (id) ON DELETE CASCADE,
	CONSTRAINT fk_channel_subscriptions_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_channel_subscriptions_next_digest_at ON channel_subscriptions (next_digest_at);
CREATE INDEX ix_channel_subscriptions_calendar_id ON channel_subscriptions (calendar_id);
CREATE TABLE channel_reminders (
	id INTEGER NOT NULL,
	subscription_id INTEGER NOT NULL,
	occurrence_id INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	starts_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	given_at DATETIME,
	CONSTRAINT pk_channel_reminders PRIMARY KEY (id),
	CONSTRAINT uq_channel_reminders_subscription_id_occurrence_id_minutes UNIQUE (subscription_id, occurrence_id, minutes),
	CONSTRAINT fk_channel_reminders_subscription_id FOREIGN KEY(subscription_id) REFERENCES channel_subscriptions (id) ON DELETE CASCADE,
	CONSTRAINT fk_channel_reminders_occurrence_id FOREIGN KEY(occurrence_id) REFERENCES occurrences (id) ON DELETE CASCADE
);
CREATE INDEX ix_channel_reminders_given_at_due_at ON channel_reminders (given_at, due_at);
CREATE INDEX ix_channel_reminders_occurrence_id ON channel_reminders (occurrence_id);
CREATE TABLE booking_drafts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	uid TEXT NOT NULL,
	state TEXT NOT NULL,
	payload JSON NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_booking_drafts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_booking_drafts_person_id ON booking_drafts (person_id);
CREATE INDEX ix_booking_drafts_created_at ON booking_drafts (created_at);
CREATE TABLE tracker_accounts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	tracker TEXT NOT NULL,
	origin TEXT NOT NULL,
	login TEXT NOT NULL,
	member_id TEXT NOT NULL,
	name TEXT NOT NULL,
	"key" TEXT,
	refused_at DATETIME,
	linked_at DATETIME NOT NULL,
	CONSTRAINT uq_tracker_accounts_person_id_tracker UNIQUE (person_id, tracker),
	CONSTRAINT fk_tracker_accounts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_tracker_accounts_member ON tracker_accounts (tracker, member_id);
CREATE TABLE tracker_defaults (
	scope TEXT NOT NULL,
	owner TEXT NOT NULL,
	tracker TEXT NOT NULL,
	project TEXT NOT NULL,
	set_at DATETIME NOT NULL,
	CONSTRAINT pk_tracker_defaults PRIMARY KEY (scope, owner)
);
CREATE TABLE calendar_refreshes (
	account_id INTEGER NOT NULL,
	asked_at DATETIME NOT NULL,
	changes INTEGER NOT NULL,
	done_at DATETIME,
	told_at DATETIME,
	CONSTRAINT pk_calendar_refreshes PRIMARY KEY (account_id),
	CONSTRAINT fk_calendar_refreshes_account_id FOREIGN KEY(account_id) REFERENCES calendar_accounts (id) ON DELETE CASCADE
);
CREATE TABLE ticket_batches (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	tracker TEXT NOT NULL,
	"unique" TEXT NOT NULL,
	state TEXT NOT NULL,
	text TEXT NOT NULL,
	project TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	root_id TEXT NOT NULL,
	origin TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	remark JSON,
	created_at DATETIME NOT NULL, minutes_id INTEGER,
	CONSTRAINT fk_ticket_batches_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_batches_state ON ticket_batches (state);
CREATE INDEX ix_ticket_batches_person_id ON ticket_batches (person_id);
CREATE INDEX ix_ticket_batches_created_at ON ticket_batches (created_at);
CREATE TABLE ticket_batch_rows (
	batch_id INTEGER NOT NULL,
	"row" INTEGER NOT NULL,
	payload JSON NOT NULL,
	state TEXT NOT NULL,
	ticket_key TEXT NOT NULL,
	link TEXT NOT NULL,
	remark JSON,
	told_in INTEGER NOT NULL,
	CONSTRAINT pk_ticket_batch_rows PRIMARY KEY (batch_id, "row"),
	CONSTRAINT fk_ticket_batch_rows_batch_id FOREIGN KEY(batch_id) REFERENCES ticket_batches (id) ON DELETE CASCADE
);
CREATE TABLE "outbox" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"key" TEXT NOT NULL,
	kind TEXT NOT NULL,
	lane TEXT NOT NULL,
	payload JSON NOT NULL,
	state TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	expires_at DATETIME,
	claimed_by TEXT,
	attempts INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	lapses INTEGER NOT NULL,
	first_attempted_at DATETIME,
	give_up_at DATETIME,
	finished_at DATETIME,
	last_error TEXT,
	receipt JSON,
	CONSTRAINT uq_outbox_key UNIQUE ("key")
);
CREATE INDEX ix_outbox_lane_state_id ON outbox (lane, state, id);
CREATE INDEX ix_outbox_state_finished_at ON outbox (state, finished_at);
CREATE INDEX ix_outbox_state_expires_at ON outbox (state, expires_at);
CREATE INDEX ix_outbox_state_due_at_id_kind ON outbox (state, due_at, id, kind);
CREATE INDEX ix_occurrences_ends_at_id ON occurrences (ends_at, id);
CREATE TABLE ended_meetings (
	person_id INTEGER NOT NULL,
	uid TEXT NOT NULL,
	recurrence_id TEXT NOT NULL,
	told_at DATETIME NOT NULL,
	CONSTRAINT pk_ended_meetings PRIMARY KEY (person_id, uid, recurrence_id),
	CONSTRAINT fk_ended_meetings_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ended_meetings_told_at ON ended_meetings (told_at);
CREATE TABLE meeting_ends_told (
	id INTEGER NOT NULL,
	until DATETIME NOT NULL,
	occurrence_id INTEGER NOT NULL,
	CONSTRAINT pk_meeting_ends_told PRIMARY KEY (id)
);
CREATE TABLE ticket_reference_channels (
	channel_id TEXT NOT NULL,
	mode TEXT NOT NULL,
	set_at DATETIME NOT NULL,
	CONSTRAINT pk_ticket_reference_channels PRIMARY KEY (channel_id)
);
CREATE TABLE ticket_reference_posts (
	post_id TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	said_at DATETIME NOT NULL,
	version INTEGER NOT NULL,
	answered JSON,
	attempts INTEGER NOT NULL,
	due_at DATETIME,
	noted_at DATETIME NOT NULL,
	CONSTRAINT pk_ticket_reference_posts PRIMARY KEY (post_id),
	CONSTRAINT fk_ticket_reference_posts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_reference_posts_due_at ON ticket_reference_posts (due_at);
CREATE INDEX ix_ticket_reference_posts_person_id_said_at ON ticket_reference_posts (person_id, said_at);
CREATE INDEX ix_ticket_reference_posts_channel_id_said_at ON ticket_reference_posts (channel_id, said_at);
CREATE INDEX ix_ticket_reference_posts_noted_at ON ticket_reference_posts (noted_at);
CREATE TABLE ticket_drafts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	tracker TEXT NOT NULL,
	"unique" TEXT NOT NULL,
	state TEXT NOT NULL,
	spec JSON NOT NULL,
	answers JSON NOT NULL,
	typed BOOLEAN NOT NULL,
	appendix TEXT NOT NULL,
	post_id TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	remark JSON,
	ticket_key TEXT NOT NULL,
	link TEXT NOT NULL,
	begun_at DATETIME,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_ticket_drafts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_drafts_state ON ticket_drafts (state);
CREATE INDEX ix_ticket_drafts_created_at ON ticket_drafts (created_at);
CREATE INDEX ix_ticket_drafts_person_id ON ticket_drafts (person_id);
CREATE TABLE ticket_cursors (
	tracker TEXT NOT NULL,
	eyes TEXT NOT NULL,
	person_id INTEGER,
	cursor TEXT,
	failures INTEGER NOT NULL,
	read_at DATETIME,
	next_at DATETIME NOT NULL,
	CONSTRAINT pk_ticket_cursors PRIMARY KEY (tracker, eyes),
	CONSTRAINT fk_ticket_cursors_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE ticket_told (
	tracker TEXT NOT NULL,
	ticket_key TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	at DATETIME NOT NULL, teller TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_ticket_told PRIMARY KEY (tracker, ticket_key, person_id),
	CONSTRAINT fk_ticket_told_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_told_at ON ticket_told (at);
CREATE TABLE ticket_mornings (
	person_id INTEGER NOT NULL,
	next_at DATETIME NOT NULL,
	last_day DATE,
	CONSTRAINT pk_ticket_mornings PRIMARY KEY (person_id),
	CONSTRAINT fk_ticket_mornings_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_mornings_next_at ON ticket_mornings (next_at);
CREATE TABLE ticket_dues (
	person_id INTEGER NOT NULL,
	tracker TEXT NOT NULL,
	ticket_key TEXT NOT NULL,
	due DATE NOT NULL,
	stage TEXT NOT NULL,
	CONSTRAINT pk_ticket_dues PRIMARY KEY (person_id, tracker, ticket_key),
	CONSTRAINT fk_ticket_dues_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE TABLE ticket_subscriptions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	channel_id TEXT NOT NULL,
	tracker TEXT NOT NULL,
	project TEXT NOT NULL,
	project_key TEXT NOT NULL,
	project_name TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	language TEXT NOT NULL,
	kinds JSON NOT NULL,
	paused TEXT NOT NULL,
	looked_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT uq_ticket_subscriptions_channel_id_tracker_project UNIQUE (channel_id, tracker, project),
	CONSTRAINT fk_ticket_subscriptions_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_subscriptions_tracker ON ticket_subscriptions (tracker);
CREATE TABLE ticket_meetings (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	person_id INTEGER NOT NULL,
	uid TEXT NOT NULL,
	recurrence_id TEXT NOT NULL,
	title TEXT NOT NULL,
	starts_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	others JSON NOT NULL,
	offered_at DATETIME,
	created_at DATETIME NOT NULL,
	CONSTRAINT uq_ticket_meetings_person_id_uid_recurrence_id UNIQUE (person_id, uid, recurrence_id),
	CONSTRAINT fk_ticket_meetings_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_meetings_uid ON ticket_meetings (uid);
CREATE INDEX ix_ticket_meetings_created_at ON ticket_meetings (created_at);
CREATE INDEX ix_ticket_meetings_offered_at ON ticket_meetings (offered_at);
CREATE TABLE ticket_minutes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	meeting_id INTEGER NOT NULL,
	text TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	told_at DATETIME,
	CONSTRAINT fk_ticket_minutes_meeting_id FOREIGN KEY(meeting_id) REFERENCES ticket_meetings (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_minutes_meeting_id ON ticket_minutes (meeting_id);
CREATE TABLE ticket_assignments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	minutes_id INTEGER NOT NULL,
	tracker TEXT NOT NULL,
	ticket_key TEXT NOT NULL,
	link TEXT NOT NULL,
	subject TEXT NOT NULL,
	who TEXT NOT NULL,
	due DATE,
	closed BOOLEAN NOT NULL,
	current JSON,
	checked_at DATETIME NOT NULL,
	CONSTRAINT uq_ticket_assignments_minutes_id_tracker_ticket_key UNIQUE (minutes_id, tracker, ticket_key),
	CONSTRAINT fk_ticket_assignments_minutes_id FOREIGN KEY(minutes_id) REFERENCES ticket_minutes (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_assignments_closed ON ticket_assignments (closed);
CREATE TABLE ticket_assignment_people (
	assignment_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	CONSTRAINT pk_ticket_assignment_people PRIMARY KEY (assignment_id, person_id),
	CONSTRAINT fk_ticket_assignment_people_assignment_id FOREIGN KEY(assignment_id) REFERENCES ticket_assignments (id) ON DELETE CASCADE,
	CONSTRAINT fk_ticket_assignment_people_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_ticket_assignment_people_person_id ON ticket_assignment_people (person_id);
CREATE TABLE dispatch_channels (
	desk TEXT NOT NULL,
	purpose TEXT NOT NULL,
	name TEXT NOT NULL,
	channel_id TEXT NOT NULL,
	CONSTRAINT pk_dispatch_channels PRIMARY KEY (desk, purpose)
);
CREATE TABLE dispatch_letters (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	direction TEXT NOT NULL,
	state TEXT NOT NULL,
	why TEXT NOT NULL,
	duplicate_of INTEGER,
	digest TEXT,
	fingerprint TEXT,
	message_id TEXT NOT NULL,
	subject TEXT NOT NULL,
	sender_name TEXT NOT NULL,
	sender_address TEXT NOT NULL,
	date DATETIME,
	received_at DATETIME NOT NULL,
	size BIGINT NOT NULL,
	whole BOOLEAN NOT NULL,
	fresh TEXT NOT NULL,
	text TEXT NOT NULL,
	facts JSON NOT NULL,
	incident_id INTEGER,
	threaded_by TEXT NOT NULL,
	undelivered TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT uq_dispatch_letters_desk_digest UNIQUE (desk, digest),
	CONSTRAINT uq_dispatch_letters_desk_fingerprint UNIQUE (desk, fingerprint),
	CONSTRAINT fk_dispatch_letters_duplicate_of FOREIGN KEY(duplicate_of) REFERENCES dispatch_letters (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_letters_incident_id ON dispatch_letters (incident_id);
CREATE INDEX ix_dispatch_letters_sender_address ON dispatch_letters (sender_address);
CREATE INDEX ix_dispatch_letters_duplicate_of ON dispatch_letters (duplicate_of);
CREATE INDEX ix_dispatch_letters_desk_state_id ON dispatch_letters (desk, state, id);
CREATE INDEX ix_dispatch_letters_desk_message_id ON dispatch_letters (desk, message_id);
CREATE TABLE dispatch_raw_letters (
	letter_id INTEGER NOT NULL,
	content BLOB,
	purged_at DATETIME,
	CONSTRAINT pk_dispatch_raw_letters PRIMARY KEY (letter_id),
	CONSTRAINT fk_dispatch_raw_letters_letter_id FOREIGN KEY(letter_id) REFERENCES dispatch_letters (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_raw_letters_purged_at ON dispatch_raw_letters (purged_at);
CREATE TABLE dispatch_letter_ids (
	letter_id INTEGER NOT NULL,
	message_id TEXT NOT NULL,
	desk TEXT NOT NULL,
	is_own BOOLEAN NOT NULL,
	CONSTRAINT pk_dispatch_letter_ids PRIMARY KEY (letter_id, message_id),
	CONSTRAINT fk_dispatch_letter_ids_letter_id FOREIGN KEY(letter_id) REFERENCES dispatch_letters (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_letter_ids_desk_message_id ON dispatch_letter_ids (desk, message_id);
CREATE TABLE dispatch_arrivals (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	mailbox TEXT NOT NULL,
	folder TEXT NOT NULL,
	uidvalidity BIGINT NOT NULL,
	uid BIGINT NOT NULL,
	letter_id INTEGER NOT NULL,
	noticed_at DATETIME NOT NULL,
	CONSTRAINT uq_dispatch_arrivals_mailbox_folder_uidvalidity_uid UNIQUE (mailbox, folder, uidvalidity, uid),
	CONSTRAINT fk_dispatch_arrivals_letter_id FOREIGN KEY(letter_id) REFERENCES dispatch_letters (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_arrivals_letter_id ON dispatch_arrivals (letter_id);
CREATE TABLE dispatch_folders (
	mailbox TEXT NOT NULL,
	folder TEXT NOT NULL,
	host TEXT NOT NULL,
	uidvalidity BIGINT NOT NULL,
	last_uid BIGINT NOT NULL,
	known_until BIGINT NOT NULL,
	since DATETIME NOT NULL,
	read_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_folders PRIMARY KEY (mailbox, folder)
);
CREATE TABLE dispatch_numbers (
	desk TEXT NOT NULL,
	last INTEGER NOT NULL,
	CONSTRAINT pk_dispatch_numbers PRIMARY KEY (desk)
);
CREATE TABLE dispatch_types (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	minutes INTEGER NOT NULL,
	active BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT uq_dispatch_types_desk_name UNIQUE (desk, name)
);
CREATE TABLE dispatch_incidents (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	number INTEGER NOT NULL,
	code TEXT NOT NULL,
	opened_at DATETIME NOT NULL,
	created_at DATETIME NOT NULL,
	updated_at DATETIME NOT NULL,
	status TEXT NOT NULL,
	finished_at DATETIME,
	type_id INTEGER,
	responsible_id INTEGER,
	pole_id INTEGER,
	station_id INTEGER,
	contractor_id INTEGER,
	applicant_name TEXT NOT NULL,
	applicant_address TEXT NOT NULL,
	summary TEXT NOT NULL,
	description TEXT NOT NULL,
	origin TEXT NOT NULL,
	language TEXT NOT NULL,
	unread BOOLEAN NOT NULL,
	version INTEGER NOT NULL,
	merged_into_id INTEGER,
	CONSTRAINT uq_dispatch_incidents_desk_number UNIQUE (desk, number),
	CONSTRAINT uq_dispatch_incidents_code UNIQUE (code),
	CONSTRAINT fk_dispatch_incidents_type_id FOREIGN KEY(type_id) REFERENCES dispatch_types (id),
	CONSTRAINT fk_dispatch_incidents_responsible_id FOREIGN KEY(responsible_id) REFERENCES people (id) ON DELETE SET NULL,
	CONSTRAINT fk_dispatch_incidents_merged_into_id FOREIGN KEY(merged_into_id) REFERENCES dispatch_incidents (id)
);
CREATE INDEX ix_dispatch_incidents_responsible_id_status ON dispatch_incidents (responsible_id, status);
CREATE INDEX ix_dispatch_incidents_station_id ON dispatch_incidents (station_id);
CREATE INDEX ix_dispatch_incidents_contractor_id ON dispatch_incidents (contractor_id);
CREATE INDEX ix_dispatch_incidents_merged_into_id ON dispatch_incidents (merged_into_id);
CREATE INDEX ix_dispatch_incidents_pole_id ON dispatch_incidents (pole_id);
CREATE INDEX ix_dispatch_incidents_type_id ON dispatch_incidents (type_id);
CREATE TABLE dispatch_history (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	incident_id INTEGER NOT NULL,
	at DATETIME NOT NULL,
	kind TEXT NOT NULL,
	actor_kind TEXT NOT NULL,
	actor_name TEXT NOT NULL,
	actor_id INTEGER,
	old TEXT NOT NULL,
	new TEXT NOT NULL,
	why TEXT NOT NULL, letter_id INTEGER,
	CONSTRAINT fk_dispatch_history_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_history_actor_id FOREIGN KEY(actor_id) REFERENCES people (id) ON DELETE SET NULL
);
CREATE INDEX ix_dispatch_history_actor_id ON dispatch_history (actor_id);
CREATE INDEX ix_dispatch_history_incident_id_id ON dispatch_history (incident_id, id);
CREATE TABLE dispatch_incident_links (
	incident_id INTEGER NOT NULL,
	other_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	CONSTRAINT pk_dispatch_incident_links PRIMARY KEY (incident_id, other_id, kind),
	CONSTRAINT fk_dispatch_incident_links_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_incident_links_other_id FOREIGN KEY(other_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_incident_links_other_id ON dispatch_incident_links (other_id);
CREATE TABLE dispatch_contractors (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	name TEXT NOT NULL,
	"key" TEXT NOT NULL,
	excluded BOOLEAN NOT NULL,
	emails JSON NOT NULL,
	phones JSON NOT NULL,
	digest TEXT NOT NULL,
	gone_at DATETIME,
	CONSTRAINT uq_dispatch_contractors_desk_key UNIQUE (desk, "key")
);
CREATE TABLE dispatch_poles (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	code TEXT NOT NULL,
	"key" TEXT NOT NULL,
	site TEXT NOT NULL,
	name TEXT NOT NULL,
	status TEXT NOT NULL,
	latitude FLOAT,
	longitude FLOAT,
	height FLOAT,
	region TEXT NOT NULL,
	region_ru TEXT NOT NULL,
	address TEXT NOT NULL,
	company TEXT NOT NULL,
	anchor_operator TEXT NOT NULL,
	contractor_id INTEGER,
	excluded BOOLEAN NOT NULL,
	digest TEXT NOT NULL,
	gone_at DATETIME,
	CONSTRAINT uq_dispatch_poles_desk_key UNIQUE (desk, "key"),
	CONSTRAINT fk_dispatch_poles_contractor_id FOREIGN KEY(contractor_id) REFERENCES dispatch_contractors (id) ON DELETE SET NULL
);
CREATE INDEX ix_dispatch_poles_contractor_id ON dispatch_poles (contractor_id);
CREATE TABLE dispatch_operators (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	name TEXT NOT NULL,
	"key" TEXT NOT NULL,
	group_name TEXT NOT NULL,
	CONSTRAINT uq_dispatch_operators_desk_key UNIQUE (desk, "key")
);
CREATE TABLE dispatch_stations (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	name TEXT NOT NULL,
	"key" TEXT NOT NULL,
	pole_id INTEGER NOT NULL,
	digest TEXT NOT NULL,
	gone_at DATETIME,
	CONSTRAINT uq_dispatch_stations_desk_pole_id_key UNIQUE (desk, pole_id, "key"),
	CONSTRAINT fk_dispatch_stations_pole_id FOREIGN KEY(pole_id) REFERENCES dispatch_poles (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_stations_pole_id ON dispatch_stations (pole_id);
CREATE TABLE dispatch_station_operators (
	station_id INTEGER NOT NULL,
	operator_id INTEGER NOT NULL,
	CONSTRAINT pk_dispatch_station_operators PRIMARY KEY (station_id, operator_id),
	CONSTRAINT fk_dispatch_station_operators_station_id FOREIGN KEY(station_id) REFERENCES dispatch_stations (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_station_operators_operator_id FOREIGN KEY(operator_id) REFERENCES dispatch_operators (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_station_operators_operator_id ON dispatch_station_operators (operator_id);
CREATE TABLE dispatch_registries (
	desk TEXT NOT NULL,
	version INTEGER NOT NULL,
	next_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_registries PRIMARY KEY (desk)
);
CREATE TABLE dispatch_feeds (
	desk TEXT NOT NULL,
	feed TEXT NOT NULL,
	tried_at DATETIME NOT NULL,
	imported_at DATETIME,
	failures INTEGER NOT NULL,
	trouble TEXT NOT NULL,
	trouble_params JSON NOT NULL,
	trouble_since DATETIME,
	report JSON,
	CONSTRAINT pk_dispatch_feeds PRIMARY KEY (desk, feed)
);
CREATE TABLE dispatch_cards (
	incident_id INTEGER NOT NULL,
	channel_id TEXT NOT NULL,
	told INTEGER NOT NULL,
	shown TEXT NOT NULL,
	version INTEGER NOT NULL,
	due_at DATETIME,
	CONSTRAINT pk_dispatch_cards PRIMARY KEY (incident_id),
	CONSTRAINT fk_dispatch_cards_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_cards_due_at ON dispatch_cards (due_at);
CREATE TABLE dispatch_outgoing (
	letter_id INTEGER NOT NULL,
	incident_id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	purpose TEXT NOT NULL,
	voice TEXT NOT NULL,
	mailbox TEXT NOT NULL,
	awaited_in TEXT NOT NULL,
	fate TEXT NOT NULL,
	problem TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	gives_up_at DATETIME NOT NULL,
	settled_at DATETIME,
	copied_at DATETIME,
	CONSTRAINT pk_dispatch_outgoing PRIMARY KEY (letter_id),
	CONSTRAINT fk_dispatch_outgoing_letter_id FOREIGN KEY(letter_id) REFERENCES dispatch_letters (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_outgoing_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE,
	CONSTRAINT uq_dispatch_outgoing_key UNIQUE ("key")
);
CREATE INDEX ix_dispatch_outgoing_fate ON dispatch_outgoing (fate);
CREATE INDEX ix_dispatch_outgoing_incident_id ON dispatch_outgoing (incident_id);
CREATE TABLE dispatch_recipients (
	letter_id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	address TEXT NOT NULL,
	is_copy BOOLEAN NOT NULL,
	fate TEXT NOT NULL,
	reply TEXT NOT NULL,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_recipients PRIMARY KEY (letter_id, "key"),
	CONSTRAINT fk_dispatch_recipients_letter_id FOREIGN KEY(letter_id) REFERENCES dispatch_letters (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_recipients_key_changed_at ON dispatch_recipients ("key", changed_at);
CREATE TABLE dispatch_templates (
	desk TEXT NOT NULL,
	purpose TEXT NOT NULL,
	language TEXT NOT NULL,
	text TEXT NOT NULL,
	changed_at DATETIME NOT NULL,
	changed_by TEXT NOT NULL,
	CONSTRAINT pk_dispatch_templates PRIMARY KEY (desk, purpose, language)
);
CREATE TABLE dispatch_counter_resets (
	desk TEXT NOT NULL,
	"key" TEXT NOT NULL,
	reset_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_counter_resets PRIMARY KEY (desk, "key")
);
CREATE INDEX ix_dispatch_incidents_by_time ON dispatch_incidents (desk, opened_at, id, type_id, responsible_id, contractor_id, unread, status);
CREATE INDEX ix_dispatch_incidents_by_status ON dispatch_incidents (desk, status, opened_at, id, type_id, responsible_id, contractor_id, unread);
CREATE TABLE dispatch_incident_words (
	word TEXT NOT NULL,
	incident_id INTEGER NOT NULL,
	CONSTRAINT pk_dispatch_incident_words PRIMARY KEY (word, incident_id),
	CONSTRAINT fk_dispatch_incident_words_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE INDEX ix_dispatch_incident_words_incident_id ON dispatch_incident_words (incident_id);
CREATE TABLE dispatch_sla_clocks (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	incident_id INTEGER NOT NULL,
	desk TEXT NOT NULL,
	kind TEXT NOT NULL,
	allowance INTEGER,
	segments JSON NOT NULL,
	started_at DATETIME NOT NULL,
	stopped_at DATETIME,
	deadline DATETIME,
	soon_at DATETIME,
	remaining INTEGER,
	breached_at DATETIME,
	due_at DATETIME,
	rules TEXT NOT NULL,
	CONSTRAINT uq_dispatch_sla_clocks_incident_id_kind UNIQUE (incident_id, kind),
	CONSTRAINT fk_dispatch_sla_clocks_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_sla_clocks_due_at ON dispatch_sla_clocks (due_at);
CREATE INDEX ix_dispatch_sla_clocks_desk_stopped_at ON dispatch_sla_clocks (desk, stopped_at);
CREATE TABLE dispatch_sla_marks (
	clock_id INTEGER NOT NULL,
	step TEXT NOT NULL,
	due_at DATETIME NOT NULL,
	fired_at DATETIME NOT NULL,
	settled_at DATETIME,
	CONSTRAINT pk_dispatch_sla_marks PRIMARY KEY (clock_id, step),
	CONSTRAINT fk_dispatch_sla_marks_clock_id FOREIGN KEY(clock_id) REFERENCES dispatch_sla_clocks (id) ON DELETE CASCADE
);
CREATE TABLE dispatch_calendar_days (
	desk TEXT NOT NULL,
	day DATE NOT NULL,
	kind TEXT NOT NULL,
	openings JSON NOT NULL,
	CONSTRAINT pk_dispatch_calendar_days PRIMARY KEY (desk, day)
);
CREATE TABLE dispatch_members (
	desk TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	role TEXT NOT NULL,
	most INTEGER,
	zone TEXT,
	last_at DATETIME,
	CONSTRAINT pk_dispatch_members PRIMARY KEY (desk, person_id),
	CONSTRAINT fk_dispatch_members_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_members_person_id ON dispatch_members (person_id);
CREATE TABLE dispatch_shifts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	first DATE NOT NULL,
	every INTEGER NOT NULL,
	last DATE,
	opening TEXT NOT NULL,
	CONSTRAINT fk_dispatch_shifts_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_shifts_person_id ON dispatch_shifts (person_id);
CREATE INDEX ix_dispatch_shifts_desk_person_id ON dispatch_shifts (desk, person_id);
CREATE TABLE dispatch_shift_exceptions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	begins_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	other_id INTEGER,
	note TEXT NOT NULL,
	CONSTRAINT fk_dispatch_shift_exceptions_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_shift_exceptions_other_id FOREIGN KEY(other_id) REFERENCES people (id) ON DELETE SET NULL
);
CREATE INDEX ix_dispatch_shift_exceptions_person_id ON dispatch_shift_exceptions (person_id);
CREATE INDEX ix_dispatch_shift_exceptions_other_id ON dispatch_shift_exceptions (other_id);
CREATE INDEX ix_dispatch_shift_exceptions_desk_ends_at ON dispatch_shift_exceptions (desk, ends_at);
CREATE TABLE dispatch_queue (
	incident_id INTEGER NOT NULL,
	desk TEXT NOT NULL,
	opened_at DATETIME NOT NULL,
	reason TEXT NOT NULL,
	CONSTRAINT pk_dispatch_queue PRIMARY KEY (incident_id),
	CONSTRAINT fk_dispatch_queue_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_queue_desk_opened_at_incident_id ON dispatch_queue (desk, opened_at, incident_id);
CREATE TABLE dispatch_assignments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	incident_id INTEGER NOT NULL,
	person_id INTEGER,
	at DATETIME NOT NULL,
	reason TEXT NOT NULL,
	candidates JSON NOT NULL,
	CONSTRAINT fk_dispatch_assignments_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_assignments_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE SET NULL
);
CREATE INDEX ix_dispatch_assignments_incident_id ON dispatch_assignments (incident_id);
CREATE INDEX ix_dispatch_assignments_person_id ON dispatch_assignments (person_id);
CREATE TABLE dispatch_pools (
	desk TEXT NOT NULL,
	alarm TEXT NOT NULL,
	looked_until DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_pools PRIMARY KEY (desk)
);
CREATE TABLE dispatch_tokens (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	scope TEXT NOT NULL,
	desks JSON NOT NULL,
	created_at DATETIME NOT NULL,
	expires_at DATETIME,
	revoked_at DATETIME,
	used_at DATETIME,
	CONSTRAINT uq_dispatch_tokens_digest UNIQUE (digest)
);
CREATE TABLE dispatch_troubles (
	desk TEXT NOT NULL,
	subject TEXT NOT NULL,
	sort TEXT NOT NULL,
	name TEXT NOT NULL,
	since DATETIME NOT NULL,
	told_at DATETIME,
	said INTEGER NOT NULL,
	clear_since DATETIME,
	over_at DATETIME,
	returns INTEGER NOT NULL,
	CONSTRAINT pk_dispatch_troubles PRIMARY KEY (desk, subject)
);
CREATE TABLE dispatch_api_requests (
	token_id INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	digest TEXT NOT NULL,
	incident_id INTEGER,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_api_requests PRIMARY KEY (token_id, "key"),
	CONSTRAINT fk_dispatch_api_requests_token_id FOREIGN KEY(token_id) REFERENCES dispatch_tokens (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_api_requests_created_at ON dispatch_api_requests (created_at);
CREATE TABLE dispatch_mirrors (
	incident_id INTEGER NOT NULL,
	desk TEXT NOT NULL,
	tracker TEXT NOT NULL,
	"key" TEXT,
	link TEXT NOT NULL,
	state TEXT NOT NULL,
	seen JSON NOT NULL,
	wrote JSON NOT NULL,
	tried JSON NOT NULL,
	told INTEGER NOT NULL,
	telling INTEGER NOT NULL,
	touched_by TEXT NOT NULL,
	warned BOOLEAN NOT NULL,
	failures INTEGER NOT NULL,
	problem TEXT NOT NULL,
	busy_until DATETIME,
	due_at DATETIME, replaces TEXT DEFAULT '' NOT NULL, project TEXT DEFAULT '' NOT NULL, fields JSON DEFAULT '{}' NOT NULL,
	CONSTRAINT pk_dispatch_mirrors PRIMARY KEY (incident_id),
	CONSTRAINT uq_dispatch_mirrors_tracker_key UNIQUE (tracker, "key"),
	CONSTRAINT fk_dispatch_mirrors_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_mirrors_desk ON dispatch_mirrors (desk);
CREATE INDEX ix_dispatch_mirrors_due_at ON dispatch_mirrors (due_at);
CREATE TABLE dispatch_mirror_cursors (
	desk TEXT NOT NULL,
	tracker TEXT NOT NULL,
	project TEXT NOT NULL,
	cursor TEXT,
	next_at DATETIME NOT NULL,
	read_at DATETIME,
	failures INTEGER NOT NULL,
	problem TEXT NOT NULL,
	rest_until DATETIME, hindrance TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_dispatch_mirror_cursors PRIMARY KEY (desk)
);
CREATE TABLE dispatch_mirror_people (
	tracker TEXT NOT NULL,
	member_id TEXT NOT NULL,
	person_id INTEGER NOT NULL,
	found_at DATETIME NOT NULL,
	CONSTRAINT pk_dispatch_mirror_people PRIMARY KEY (tracker, member_id),
	CONSTRAINT fk_dispatch_mirror_people_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE
);
CREATE INDEX ix_dispatch_mirror_people_person_id ON dispatch_mirror_people (person_id);
CREATE INDEX ix_dispatch_sla_marks_settled_at ON dispatch_sla_marks (settled_at);
CREATE TABLE dispatch_assignment_news (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	desk TEXT NOT NULL,
	incident_id INTEGER NOT NULL,
	person_id INTEGER NOT NULL,
	side TEXT NOT NULL,
	reason TEXT NOT NULL,
	other_id INTEGER,
	at DATETIME NOT NULL,
	told_at DATETIME,
	CONSTRAINT fk_dispatch_assignment_news_incident_id FOREIGN KEY(incident_id) REFERENCES dispatch_incidents (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_assignment_news_person_id FOREIGN KEY(person_id) REFERENCES people (id) ON DELETE CASCADE,
	CONSTRAINT fk_dispatch_assignment_news_other_id FOREIGN KEY(other_id) REFERENCES people (id) ON DELETE SET NULL
);
CREATE INDEX ix_dispatch_assignment_news_incident_id ON dispatch_assignment_news (incident_id);
CREATE INDEX ix_dispatch_assignment_news_person_id ON dispatch_assignment_news (person_id);
CREATE INDEX ix_dispatch_assignment_news_other_id ON dispatch_assignment_news (other_id);
CREATE INDEX ix_dispatch_assignment_news_desk_told_at ON dispatch_assignment_news (desk, told_at);
CREATE TABLE dispatch_mirror_former (
	desk TEXT NOT NULL,
	project TEXT NOT NULL,
	cursor TEXT,
	CONSTRAINT pk_dispatch_mirror_former PRIMARY KEY (desk, project)
);
CREATE INDEX ix_dispatch_incidents_by_change ON dispatch_incidents (desk, updated_at, id, type_id, responsible_id, contractor_id, unread, status, opened_at);
CREATE TABLE calendar_changed_addresses (
	account_id INTEGER NOT NULL,
	addresses JSON NOT NULL,
	changed_at DATETIME NOT NULL,
	CONSTRAINT pk_calendar_changed_addresses PRIMARY KEY (account_id),
	CONSTRAINT fk_calendar_changed_addresses_account_id FOREIGN KEY(account_id) REFERENCES calendar_accounts (id) ON DELETE CASCADE
);
CREATE TABLE dispatch_word_blocks (
	word TEXT NOT NULL,
	first INTEGER NOT NULL,
	marks BLOB NOT NULL,
	CONSTRAINT pk_dispatch_word_blocks PRIMARY KEY (word, first)
);
CREATE INDEX ix_dispatch_word_blocks_first ON dispatch_word_blocks (first);
INSERT INTO alembic_version (version_num) VALUES ('0036');
