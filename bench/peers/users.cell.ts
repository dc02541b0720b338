// The call that all stacks are measured on, as a cell: the same thousand users, one role.

class User {
  id: string = '';
  name: string = '';
  email: string = '';
  role: string = '';
  active: bool = false;
  logins: u32 = 0;
}

const USERS = 1000;

function idOf(n: i32): string {
  return 'user-' + n.toString().padStart(4, '0');
}

function userOf(n: i32): User {
  const user = new User();
  user.id = idOf(n);
  user.name = 'Person Number ' + n.toString();
  user.email = 'person.' + n.toString() + '@example.org';
  user.role = n % 10 == 0 ? 'admin' : 'member';
  user.active = n % 3 != 0;
  user.logins = n * 7;
  return user;
}

function fill(): Map<string, User> {
  const all = new Map<string, User>();
  for (let n = 0; n < USERS; n++) all.set(idOf(n), userOf(n));
  return all;
}

const users = fill();

@service
class Users {
  /** The user with this id. */
  @Auth.require({ role: 'reader' })
  get(id: string): User {
    if (!users.has(id)) return fail<User>(Status.NOT_FOUND, 'no such user');
    return users.get(id);
  }
}
