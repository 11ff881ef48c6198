# Rscript statistics.R <task> <table.csv> <repetitions>: seconds of the fastest repetition, for benchmarks/statistics.py.
library(survival)
arguments <- commandArgs(trailingOnly = TRUE)
task <- arguments[1]
d <- read.csv(arguments[2])
repetitions <- as.integer(arguments[3])
covariates <- grep("^x", names(d), value = TRUE)
right <- paste(covariates, collapse = " + ")
cox_formula <- as.formula(paste("Surv(time, event) ~", right))
once <- switch(task,
  matching = {
    suppressPackageStartupMessages(library(MatchIt))
    formula <- as.formula(paste("treated ~", right))
    if (nrow(d) > 2e4) {  # the caliper's correct path needs a distance matrix; without a caliper the fast path runs
      function() matchit(formula, d, method = "nearest", distance = "glm", link = "linear.logit", ratio = 1)
    } else {
      function() {  # 4.5.1 ignores the caliper unless the score is given again as mahvars
        d$lp <- predict(glm(formula, binomial, d))
        matchit(formula, d, method = "nearest", distance = d$lp, mahvars = ~lp, caliper = 0.2, ratio = 1)
      }
    }
  },
  cox = function() coxph(cox_formula, d, ties = "efron"),
  ph_test = { fit <- coxph(cox_formula, d); function() cox.zph(fit, transform = "km") },
  kaplan_meier = function() survfit(Surv(time, event) ~ treated, d, conf.type = "log-log"),
  auc = { suppressPackageStartupMessages(library(pROC))
    function() ci.auc(roc(d$treated, d$score, quiet = TRUE, direction = "<", levels = c(0, 1)), method = "delong") },
  auc_bootstrap = { suppressPackageStartupMessages(library(pROC))
    found <- roc(d$treated, d$score, quiet = TRUE, direction = "<", levels = c(0, 1))
    function() ci.auc(found, method = "bootstrap", boot.n = 2000, boot.stratified = TRUE, progress = "none") },
  cox_bootstrap = function() for (b in 1:200) coxph(cox_formula, d[sample.int(nrow(d), replace = TRUE), ]),
  stop("unknown task ", task))
set.seed(1)
seconds <- replicate(repetitions, system.time(once(), gcFirst = TRUE)[["elapsed"]])
cat(min(seconds), "\n")
