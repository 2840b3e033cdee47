//! What all typed commands about one object have in common.

/// A typed command: what it is about, what it carries, and how it is written.
macro_rules! typed_command {
    (
        $subject:ident: $of:ty, $what:literal;
        $(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* }, $effect:ident, |$this:ident| $command:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $subject: $of,
            $($field: $type,)*
        }

        impl $name {
            #[doc = concat!("The ", $what, " that it is about.")]
            #[must_use]
            pub const fn $subject(&self) -> &$of {
                &self.$subject
            }
        }

        impl $crate::command::ToCommand for $name {
            fn to_command(&self) -> $crate::command::Command {
                let $this = self;
                $crate::command::Command::from($command)
            }
        }

        impl $crate::command::sealed::Sealed for $name {}
        impl $crate::command::$effect for $name {}
    };
}

/// The calls of a MOD for attributes that have none of their own. The type has a field `command` and a check of it.
macro_rules! changes_of_any_attribute {
    ($name:ident) => {
        impl $name {
            /// Adds a value to any attribute.
            ///
            /// # Errors
            /// [`CommandError`] as for [`RrpCommand::attribute`].
            pub fn add(self, name: &str, value: &str) -> Result<Self, CommandError> {
                self.change(|command| command.attribute(name, value))
            }

            /// Removes a value from any attribute.
            ///
            /// # Errors
            /// [`CommandError`] as for [`RrpCommand::remove`].
            pub fn remove(self, name: &str, old: &str) -> Result<Self, CommandError> {
                self.change(|command| command.remove(name, old))
            }

            /// Replaces a value of any attribute.
            ///
            /// # Errors
            /// [`CommandError`] as for [`RrpCommand::replace`].
            pub fn replace(self, name: &str, old: &str, new: &str) -> Result<Self, CommandError> {
                self.change(|command| command.replace(name, old, new))
            }

            fn change(
                mut self,
                change: impl FnOnce(RrpCommand) -> Result<RrpCommand, CommandError>,
            ) -> Result<Self, CommandError> {
                self.command = change(self.command)?;
                self.checked()
            }
        }
    };
}
