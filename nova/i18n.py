"""Messages can agree with an amount that is not known where they are written."""

...


class PluralFormat(str):
    """A message format whose sentence agrees with one of its amounts.

    The amount is known only when the message is formatted, as is that of the
    ``msg_fmt`` of an exception.
    """

    def __new__(cls, amount, singular, plural):
        """Take both sentences for English; translations may have more.

        :param amount: The name of the amount in the sentences
        """
        self = super().__new__(cls, plural)
        self.amount, self.singular = amount, singular
        return self

    def __mod__(self, kwargs):
        return _translators.plural_form(
            self.singular, str(self), kwargs[self.amount]) % kwargs
