mod install;
mod place;
mod run;
