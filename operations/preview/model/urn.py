"""What a resource's URN says of it: `urn:pulumi:STACK::PROJECT::PARENT-TYPES$TYPE::NAME`."""


class HasUrn:
    """For classes with a field `urn`."""

    urn: str

    @property
    def type(self) -> str:
        """The type token, such as `kubernetes:apps/v1:StatefulSet`, without those of its parents."""
        return self.urn.split("::")[2].rpartition("$")[2]

    @property
    def kind(self) -> str:
        """The type's last part, such as `StatefulSet`."""
        return self.type.rpartition(":")[2]

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3]
