// What the cell refuses by itself; shapes of arguments are the build's.
@service
@Auth.policy({ roles: ["admin", "customer"], issuers: ["a,b"] })
class Accounts {
  @Auth.require({ role: "custmer" })
  one(): u32 {
    return 1;
  }

  @Auth.require({})
  two(): u32 {
    return 2;
  }

  @Auth.require({ role: "admin", anyRole: ["customer"] })
  three(): u32 {
    return 3;
  }

  @Auth.owner("amount")
  four(amount: f64): u32 {
    return 4;
  }

  @Auth.owner("id") @Auth.public
  five(id: string): u32 {
    return 5;
  }
}
