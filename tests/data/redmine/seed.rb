# The house that the suite of the trackers is written for. Loaded by the process that serves; writes ids and keys to $SEED_OUT.
require 'json'

Setting.rest_api_enabled = '1'
Setting.login_required = '0'             # so that a wrong key is answered as anonymous on public projects
Setting.attachment_max_size = '64'       # kilobytes
Setting.attachment_extensions_denied = 'exe'
Setting.default_language = 'en'
Setting.notified_events = []

admin = User.find_by_login('admin')
admin.must_change_passwd = false
admin.save(validate: false)

# Lambdas, because methods defined here would be methods of everything in the process.
make_project = lambda do |name, identifier, is_public|
  project = Project.new(name: name, identifier: identifier)
  project.is_public = is_public
  project.trackers = Tracker.all.to_a
  project.enabled_module_names = %w(issue_tracking time_tracking)
  project.save!
  project
end

make_user = lambda do |login, firstname, lastname, language|
  user = User.new(firstname: firstname, lastname: lastname, mail: "#{login}@example.test", language: language)
  user.login = login
  user.password = user.password_confirmation = "#{login}-secret-1"
  user.save!
  user
end

member = lambda do |project, principal, role|
  Member.new(project: project, principal: principal, roles: [role]).save!
end

desk   = make_project.('Desk', 'desk', true)
vault  = make_project.('Vault', 'vault', false)    # Anna's alone
attic  = make_project.('Attic', 'attic', true)     # closed below
cellar = make_project.('Cellar', 'cellar', true)   # archived below
wiki   = make_project.('Wiki', 'wiki', true)       # without tickets
wiki.enabled_module_names = %w(wiki)

developer = Role.find_by_name('Developer')
reporter  = Role.find_by_name('Reporter')
guest = Role.new(name: 'Guest', assignable: false, permissions: [:view_issues])
guest.save!
editor = Role.new(name: 'Editor', permissions: [:view_issues, :edit_issues])   # changes, and makes none
editor.save!

anna   = make_user.('anna', 'Anna', 'Petrova', 'en')
boris  = make_user.('boris', 'Boris', 'Ivanov', 'en')
vera   = make_user.('vera', 'Вера', 'Смирнова', 'ru')
dora   = make_user.('dora', 'Dora', 'Editor', 'en')
gleb   = make_user.('gleb', 'Gleb', 'Guest', 'en')
locked = make_user.('locked', 'Lev', 'Locked', 'en')
crew = Group.new(lastname: 'Crew')
crew.save!

[anna, vera].each { |each| member.(desk, each, developer) }
[vault, attic, cellar].each { |each| member.(each, anna, developer) }
member.(desk, boris, reporter)
member.(desk, gleb, guest)
member.(desk, dora, editor)
member.(desk, crew, developer)
locked.update_column(:status, User::STATUS_LOCKED)

bug, feature, support = Tracker.order(:id).to_a
district = IssueCustomField.new(name: 'District', field_format: 'list', possible_values: %w(North South),
                                is_required: true, is_for_all: true, visible: true)
district.trackers = [support]
district.save!
contract = IssueCustomField.new(name: 'Contract', field_format: 'string', is_for_all: true, visible: true)
contract.trackers = [bug, support]
contract.save!

# In the workflow of features nothing begins without a date.
WorkflowPermission.create!(tracker_id: feature.id, old_status_id: feature.default_status.id,
                           role_id: developer.id, field_name: 'due_date', rule: 'required')

# Texts of a ticket in a closed project, made while it was open.
old = Issue.new(project: attic, tracker: bug, author: anna, subject: 'An old ticket', priority: IssuePriority.default)
old.save!
attic.update_column(:status, Project::STATUS_CLOSED)
cellar.update_column(:status, Project::STATUS_ARCHIVED)

out = {
  users: [admin, anna, boris, vera, dora, gleb, locked].to_h { |each| [each.login, { id: each.id, key: each.api_key }] },
  crew: crew.id,
  projects: [desk, vault, attic, cellar, wiki].to_h { |each| [each.identifier, each.id] },
  trackers: { bug: bug.id, feature: feature.id, support: support.id },
  statuses: IssueStatus.order(:id).to_h { |each| [each.name, each.id] },
  fields: { district: district.id, contract: contract.id },
  old_ticket: old.id
}
File.write(ENV.fetch('SEED_OUT'), JSON.pretty_generate(out) + "\n")
