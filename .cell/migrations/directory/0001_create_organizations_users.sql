-- directory: migration 1, made by `cell build`. To be reviewed, not edited.
create table organizations (
  id text primary key,
  name text not null
);
-- undo: drop table organizations;
create unique index organizations_name_key on organizations (name);
create table users (
  id text primary key,
  email text not null,
  phone bytea,
  created_at timestamptz not null default now(),
  org_id text not null references organizations (id) on delete cascade
);
-- undo: drop table users;
create index users_created_at_idx on users (created_at desc);
create unique index users_email_key on users (email);
