//! What Rust's own `main` may return.
#![deny(warnings, dead_code)]

use std::error::Error;
use std::fmt;
use std::process::ExitCode;
use std::rc::Rc;

use lift::prelude::*;

/// An error that stays in its thread.
#[derive(Debug)]
struct Local(Rc<u8>);

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "local {}", self.0)
    }
}

impl Error for Local {}

macro_rules! mains {
    ($($name:ident -> $answer:ty { $($body:tt)* })*) => {$(
        fn $name() -> ExitCode {
            #[lift::main(flavor = "current_thread")]
            async fn main() -> $answer {
                std::future::ready(()).await;
                $($body)*
            }
            main()
        }
    )*};
}

async fn run() -> lift::Result<()> {
    Err(fmt::Error)?
}

type Alias<T = ()> = Result<T, Box<dyn Error>>;

mains! {
    standard -> Result<(), Box<dyn std::error::Error>> { run().await?; Ok(()) }
    aliased -> Alias { Ok(run().await?) }
    sent -> Result<(), Box<dyn Error + Send>> { Err(Box::new(fmt::Error)) }
    shared -> Result<(), Box<dyn Error + Send + Sync>> { Ok(run().await?) }
    local -> Result<(), Local> { Err(Local(Rc::new(1))) }
    text -> Result<(), &'static str> { Err("a text") }
    pool -> Result<(), PoolError> { Err(PoolError::Closed { pool: "db" }) }
    code -> ExitCode { ExitCode::from(1) }
    code_or_error -> Result<ExitCode, Box<dyn Error>> { run().await?; Ok(ExitCode::from(2)) }
    hidden -> Result<(), impl Error> { Err(fmt::Error) }
}

#[lift::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let others = [standard, aliased, sent, shared, local, text, pool, code, code_or_error, hidden];
    for main in others {
        // Each has a runtime of its own.
        let code = std::thread::spawn(main).join().map_err(|_| "a panic")?;
        assert_eq!(code, ExitCode::FAILURE);
    }
    Ok(())
}

