// destructive
@service
class Directory {
  @Postgres.transaction
  ping(): void {}
}
