# Rscript survival.R <inputs> <outputs>: reference values of survival's coxph, cox.zph, concordance, survfit and survdiff.
library(survival)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}

cox <- function(name, formula, data, ties = "efron", transforms = "km") {
  environment(formula) <- environment()
  data <- data[complete.cases(data[all.vars(formula)]), ]
  fit <- coxph(formula, data, ties = ties, control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50))
  test <- summary(fit)
  note(name, names(coef(fit)), "coefficient", unname(coef(fit)))
  note(name, names(coef(fit)), "std_error", sqrt(diag(vcov(fit))))
  note(name, "model", "log_likelihood", fit$loglik[2])
  note(name, "model", "likelihood_ratio_test", unname(test$logtest["test"]))
  note(name, "model", "wald_test", sum(coef(fit) * solve(vcov(fit), coef(fit))))
  note(name, "model", "score_test", unname(test$sctest["test"]))
  agreement <- concordance(fit)
  note(name, "model", "concordance", unname(agreement$concordance))
  note(name, "model", "concordance_error", sqrt(agreement$var))
  for (transform in transforms) {
    table <- cox.zph(fit, transform = transform)$table
    note(name, rownames(table), paste0("ph_", transform), unname(table[, "chisq"]))
    note(name, rownames(table), paste0("ph_p_", transform), unname(table[, "p"]))
  }
}

rossi <- read("rossi")
lung <- read("lung")
gbsg2 <- read("gbsg2")
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"))
gbsg2$menostat <- factor(gbsg2$menostat, levels = c("Pre", "Post"))
rossi_formula <- Surv(week, arrest) ~ fin + age + race + wexp + mar + paro + prio
cox("rossi_efron", rossi_formula, rossi, transforms = c("km", "rank", "identity", "log"))
cox("rossi_breslow", rossi_formula, rossi, ties = "breslow")
cox("rossi_strata", Surv(week, arrest) ~ fin + age + prio + strata(wexp, mar), rossi)
cox("lung", Surv(time, status) ~ age + sex + ph_ecog, lung)
cox("gbsg2", Surv(time, cens) ~ age + menostat + tgrade + pnodes + progrec + strata(horTh), gbsg2)

curves <- function(name, formula, data, times, weights = NULL) {
  environment(formula) <- environment()
  data$case_weight <- if (is.null(weights)) rep(1, nrow(data)) else weights
  for (kind in c("log-log", "log", "plain")) {
    fit <- if (is.null(weights)) survfit(formula, data, conf.type = kind)
           else survfit(formula, data, weights = case_weight, robust = TRUE, conf.type = kind)
    at <- summary(fit, times = times)
    label <- paste(sub(".*=", "", as.character(at$strata)), at$time)
    note(name, label, paste0("low_", kind), at$lower)
    note(name, label, paste0("high_", kind), at$upper)
    middle <- quantile(fit, 0.5)
    groups <- sub(".*=", "", names(fit$strata))
    note(name, groups, paste0("median_low_", kind), as.vector(middle$lower))
    note(name, groups, paste0("median_high_", kind), as.vector(middle$upper))
  }
  note(name, label, "survival", at$surv)
  note(name, label, "std_error", at$std.err)
  if (is.null(weights)) note(name, label, "at_risk", at$n.risk)
  note(name, groups, "median", as.vector(middle$quantile))
}
curves("km_lung", Surv(time, status) ~ sex, lung, c(0, 11, 100, 365, 500))
curves("km_rossi", Surv(week, arrest) ~ fin, rossi, c(10, 26, 52))
curves("km_weighted", Surv(time, status) ~ sex, lung, c(11, 100, 365, 500), weights = 1 + (lung$age %% 5) / 2)

ranks <- function(name, formula, data) {
  test <- survdiff(formula, data)
  note(name, "model", "log_rank", test$chisq)
  note(name, "model", "df", length(test$n) - 1)
}
ranks("logrank_lung", Surv(time, status) ~ sex, lung)
ranks("logrank_rossi", Surv(week, arrest) ~ fin, rossi)
ranks("logrank_gbsg2", Surv(time, cens) ~ tgrade, gbsg2)
write.csv(do.call(rbind, found), file.path(folders[2], "survival.csv"), row.names = FALSE, quote = FALSE)
