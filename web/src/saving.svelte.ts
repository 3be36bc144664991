// A form of settings: what it began with, what it says now, and what came of saving.

import { fieldsOf, sentence } from "./http";

export class Saving<Form extends object> {
  form: Form;
  busy = $state(false);
  problem = $state<string | null>(null);
  fields = $state.raw<Record<string, string>>({});
  private begun: Form;

  constructor(
    begun: Form,
    private readonly send: (changes: Partial<Form>) => Promise<unknown>,
  ) {
    this.begun = $state.raw({ ...begun });
    this.form = $state({ ...begun });
  }

  get changes(): Partial<Form> {
    const keys = Object.keys(this.begun) as (keyof Form)[];
    const changed = keys.filter((key) => this.form[key] !== this.begun[key]);
    return Object.fromEntries(changed.map((key) => [key, this.form[key]])) as Partial<Form>;
  }

  get changed(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  save = async (): Promise<void> => {
    this.busy = true;
    this.problem = null;
    this.fields = {};
    try {
      await this.send(this.changes);
      this.begun = { ...this.form };
    } catch (error) {
      this.problem = sentence(error);
      this.fields = fieldsOf(error);
    } finally {
      this.busy = false;
    }
  };

  discard = (): void => {
    Object.assign(this.form, this.begun);
    this.problem = null;
    this.fields = {};
  };
}
