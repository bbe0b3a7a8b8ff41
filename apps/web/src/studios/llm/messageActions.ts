/** What can be done with a message; the same functions for as long as the studio is open. */
export interface MessageActions {
  readonly resend: (questionId: number, text: string) => void;
  readonly regenerate: (answerId: number) => void;
  readonly shorten: (answerId: number) => void;
  readonly takeSeed: (seed: number) => void;
}
