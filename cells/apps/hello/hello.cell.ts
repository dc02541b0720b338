// The smallest cell that shows everything: values in and out, errors, who may call. Build and run
// it:
//
//   npx cell build cells/apps/hello/hello.cell.ts
//   npx cell run hello
//   npx cell call hello greet '"you"'

/** A language that greetings are written in. */
enum Language {
  English,
  German,
  French,
}

/** A greeting, and how it came about. */
class Greeting {
  /** The whole sentence. */
  text: string = "";
  language: Language = Language.English;
  /** Subject of the caller's token; null for callers without one. */
  by: string | null = null;
  at: Instant = new Instant();
}

/** What goes with the error when a name is too long. */
class TooLong {
  length: u32 = 0;
  most: u32 = 0;
}

const NAME_MOST: i32 = 80;

/** Greets people. Stateless: no fields, so many instances serve at once. */
@service
class Hello {
  /** Says hello: `greet("you")` is "Hello, you!". Needs an authenticated session. */
  greet(name: string): string {
    return this.sentence(name, Language.English);
  }

  /** Says hello in a language, with the circumstances. */
  greetIn(name: string, language: Language): Greeting {
    const greeting = new Greeting();
    greeting.text = this.sentence(name, language);
    greeting.language = language;
    greeting.by = Session.subject.length > 0 ? Session.subject : null;
    greeting.at = now();
    return greeting;
  }

  /** Answers anybody, so that a first call works without a token. */
  @Auth.public
  ping(): string {
    return "pong";
  }

  /** For those who run the place. */
  @Auth.require({ role: "admin" })
  shout(name: string): string {
    log.info("shouting at " + name);
    return this.sentence(name, Language.English) + "!!";
  }

  private sentence(name: string, language: Language): string {
    if (name.trim().length == 0) return fail<string>(Status.INVALID_ARGUMENT, "a name, please");
    if (name.length > NAME_MOST) {
      const why = new TooLong();
      why.length = name.length;
      why.most = NAME_MOST;
      return fail<string>(Status.INVALID_ARGUMENT, "the name is too long", details<TooLong>(why));
    }
    if (language == Language.German) return "Hallo, " + name + "!";
    if (language == Language.French) return "Bonjour, " + name + " !";
    return "Hello, " + name + "!";
  }
}
